#pragma once

#include <cerrno>
#include <coroutine>
#include <optional>
#include <utility>

#include "runtimes/outcome.hpp"
#include "runtimes/support/coroutine_loop.hpp"

/// The awaitables of a coroutine loop that need no engine. All resume on the loop's thread, and
/// keep the invariant of `current_scope`: a task that suspends takes its scope with it.
namespace regatta {

/// A suspended task: what `parking_operation` calls `Worker::parked`.
class loop_parked : protected cancel_entry {
public:
    /// Makes the task ready. Always true: a cancelled one no longer waits in any list.
    bool wake() noexcept {
        leave();
        loop_.make_ready(task_);
        return true;
    }

protected:
    explicit loop_parked(coroutine_loop& loop) : loop_(loop) {}
    ~loop_parked() = default;

    coroutine_loop& loop_;
    std::coroutine_handle<> task_;
};

/// `park(operation)` of a coroutine loop: see parking.hpp.
template <class Operation>
class [[nodiscard]] loop_parking final : loop_parked {
public:
    loop_parking(coroutine_loop& loop, Operation operation)
        : loop_parked(loop), operation_(std::move(operation)) {}

    bool await_ready() {
        if (operation_.attempt()) {
            return true;
        }
        return is_cancelled_ = Operation::is_cancellable && loop_.scope().is_cancelled();
    }
    void await_suspend(std::coroutine_handle<> task) {
        task_ = task;
        if constexpr (Operation::is_cancellable) {
            loop_.scope().enter(*this);
        }
        scope_ = std::exchange(current_scope, nullptr);
        is_suspended_ = true;
        operation_.enqueue(*this);
    }
    auto await_resume() {
        if (is_suspended_) {
            current_scope = scope_;
        }
        return operation_.result(is_cancelled_);
    }

private:
    void on_cancel() noexcept override {
        is_cancelled_ = true;
        if (operation_.withdraw()) {
            loop_.make_ready(task_);
        }
    }

    Operation operation_;
    cancel_scope* scope_ = nullptr;
    bool is_suspended_ = false;
    bool is_cancelled_ = false;
};

class [[nodiscard]] sleep_awaiter final : timed, cancel_entry {
public:
    sleep_awaiter(coroutine_loop& loop, std::chrono::nanoseconds duration) : loop_(loop) {
        due = std::chrono::steady_clock::now() + duration;
    }
    bool await_ready() noexcept {
        scope_ = current_scope;
        return cancelled = loop_.scope().is_cancelled();
    }
    void await_suspend(std::coroutine_handle<> task) {
        task_ = task;
        loop_.add(*this);
        loop_.scope().enter(*this);
        current_scope = nullptr;
    }
    outcome await_resume() const noexcept {
        current_scope = scope_;
        return {io_error(cancelled ? ECANCELED : 0)};
    }

private:
    void on_due() noexcept override {
        leave();
        task_.resume();
    }
    void on_cancel() noexcept override {
        loop_.remove(*this);
        cancelled = true;
        loop_.make_ready(task_);
    }

    coroutine_loop& loop_;
    std::coroutine_handle<> task_;
    cancel_scope* scope_ = nullptr;
};

class [[nodiscard]] yield_awaiter {
public:
    explicit yield_awaiter(coroutine_loop& loop) : loop_(loop) {}
    static constexpr bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> task) {
        scope_ = std::exchange(current_scope, nullptr);
        loop_.make_ready(task);
    }
    void await_resume() const noexcept { current_scope = scope_; }

private:
    coroutine_loop& loop_;
    cancel_scope* scope_ = nullptr;
};

/// Awaits a task inside `inner`.
template <class T>
class [[nodiscard]] within_awaiter {
public:
    within_awaiter(cancel_scope& inner, lazy_task<T> work)
        : inner_(inner), work_(std::move(work)) {}

    static constexpr bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> task) noexcept {
        outer_ = std::exchange(current_scope, &inner_);
        return work_.await_suspend(task);
    }
    T await_resume() {
        current_scope = outer_;
        return work_.await_resume();
    }

private:
    cancel_scope& inner_;
    lazy_task<T> work_;
    cancel_scope* outer_ = nullptr;
};

/// Awaits a task inside a scope that a timer cancels.
template <fallible T>
class [[nodiscard]] deadline_awaiter final : timed {
public:
    deadline_awaiter(coroutine_loop& loop, std::chrono::nanoseconds duration, lazy_task<T> work)
        : loop_(loop), scope_(&loop.scope()), within_(scope_, std::move(work)) {
        due = std::chrono::steady_clock::now() + duration;
    }

    static constexpr bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> task) {
        loop_.add(*this);
        return within_.await_suspend(task);
    }
    T await_resume() {
        if (!is_expired_) {
            loop_.remove(*this);
        }
        T result = within_.await_resume();
        if (is_expired_ && result.error.value() == ECANCELED) {
            result.error = io_error(ETIMEDOUT);
        }
        return result;
    }

private:
    void on_due() noexcept override {
        is_expired_ = true;
        scope_.cancel();
    }

    coroutine_loop& loop_;
    cancel_scope scope_;
    within_awaiter<T> within_;
    bool is_expired_ = false;
};

}  // namespace regatta
