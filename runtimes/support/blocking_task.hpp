#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

/// Tasks and awaitables of runtimes in which waiting blocks the caller's own stack (threads,
/// fibers).
namespace regatta {

/// Base of awaiters that never suspend.
struct always_ready {
    static constexpr bool await_ready() noexcept { return true; }
    static constexpr void await_suspend(std::coroutine_handle<>) noexcept {}
};

/// An awaitable whose operation is already over: awaiting it never suspends.
template <class Value>
class [[nodiscard]] ready {
public:
    explicit ready(Value value) : value_(std::move(value)) {}
    static constexpr bool await_ready() noexcept { return true; }
    static constexpr void await_suspend(std::coroutine_handle<>) noexcept {}
    Value await_resume() noexcept { return std::move(value_); }

private:
    Value value_;
};

template <>
class [[nodiscard]] ready<void> {
public:
    static constexpr bool await_ready() noexcept { return true; }
    static constexpr void await_suspend(std::coroutine_handle<>) noexcept {}
    static constexpr void await_resume() noexcept {}
};

/// A lazy coroutine that runs to its end on the stack of whoever awaits it or calls run(), because
/// everything that it awaits is ready<T> or another blocking_task.
template <class T>
class [[nodiscard]] blocking_task {
    struct result_value {
        std::optional<T> value;
        void return_value(T result) { value.emplace(std::move(result)); }
        T take() { return std::move(*value); }
    };
    struct result_void {
        void return_void() noexcept {}
        void take() noexcept {}
    };

public:
    struct promise_type : std::conditional_t<std::is_void_v<T>, result_void, result_value> {
        std::exception_ptr error;

        blocking_task get_return_object() noexcept {
            return blocking_task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void unhandled_exception() noexcept { error = std::current_exception(); }
    };

    blocking_task(blocking_task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    blocking_task& operator=(blocking_task&&) = delete;
    ~blocking_task() {
        if (frame_) {
            frame_.destroy();
        }
    }

    /// Runs to the end, once; gives the result or throws what the coroutine threw.
    T run() {
        frame_.resume();
        return await_resume();
    }

    bool await_ready() {
        frame_.resume();
        return true;
    }
    static constexpr void await_suspend(std::coroutine_handle<>) noexcept {}
    T await_resume() {
        if (frame_.promise().error) {
            std::rethrow_exception(frame_.promise().error);
        }
        return frame_.promise().take();
    }

private:
    explicit blocking_task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

}  // namespace regatta
