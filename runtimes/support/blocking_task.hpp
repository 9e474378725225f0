#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "runtimes/support/task_result.hpp"

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
public:
    struct promise_type : task_result<T> {
        blocking_task get_return_object() noexcept {
            return blocking_task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
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
    T await_resume() { return frame_.promise().result(); }

private:
    explicit blocking_task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

}  // namespace regatta
