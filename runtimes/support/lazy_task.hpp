#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "runtimes/support/task_owner.hpp"
#include "runtimes/support/task_result.hpp"

/// Tasks of runtimes that run coroutines on a loop.
namespace regatta {

/// A lazy coroutine. Awaiting it starts it; when it ends, the awaiting coroutine goes on at once,
/// on the same thread and without a detour over the loop (symmetric transfer).
template <class T>
class [[nodiscard]] lazy_task {
    struct final_awaiter {
        static constexpr bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) noexcept {
            auto& promise = frame.promise();
            if (promise.continuation) {
                return promise.continuation;
            }
            task_owner* const owner = promise.owner;
            const io_error given = promise.given_error();
            std::exception_ptr thrown = std::move(promise.error);
            frame.destroy();
            owner->task_finished(given, std::move(thrown));
            return std::noop_coroutine();
        }
        static constexpr void await_resume() noexcept {}
    };

public:
    struct promise_type : task_result<T> {
        std::coroutine_handle<> continuation;
        task_owner* owner = nullptr;

        lazy_task get_return_object() noexcept {
            return lazy_task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        final_awaiter final_suspend() noexcept { return {}; }
    };

    lazy_task(lazy_task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    lazy_task& operator=(lazy_task&&) = delete;
    ~lazy_task() {
        if (frame_) {
            frame_.destroy();
        }
    }

    /// Starts the task as a root: it runs on the caller's stack to its first suspension, its frame
    /// frees itself at the end, and `owner` is told then.
    void start(task_owner& owner) && {
        const auto frame = std::exchange(frame_, nullptr);
        frame.promise().owner = &owner;
        frame.resume();
    }

    static constexpr bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> continuation) noexcept {
        frame_.promise().continuation = continuation;
        return frame_;
    }
    T await_resume() { return frame_.promise().result(); }

private:
    explicit lazy_task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

}  // namespace regatta
