#pragma once

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <optional>
#include <vector>

#include "runtimes/support/cancel_scope.hpp"
#include "runtimes/support/lazy_task.hpp"
#include "runtimes/support/timed.hpp"

namespace regatta {

/// What every coroutine loop of ours has, whatever its engine: root tasks, ready coroutines,
/// timers, and the scope that ends them all. All members are for the loop's own thread.
class coroutine_loop final {
public:
    /// Starts `task`, a session or the body of run(), as a root on the caller's stack.
    void start(lazy_task<void> task) { sessions_.start(std::move(task)); }
    /// Starts a task of the runtime's own, which a drain waits for but does not count.
    void start_helper(lazy_task<void> task) { helpers_.start(std::move(task)); }
    /// Root tasks that have not ended.
    std::size_t live_roots() const { return sessions_.live; }
    std::size_t live_helpers() const { return helpers_.live; }
    /// Whether a coroutine is ready or a timer runs; if not, only the engine can bring work.
    bool has_work() const { return !ready_.empty() || !timers_.empty(); }

    /// One flag for all that is not an engine's everyday event, so that a turn in which nothing of
    /// the kind came up costs one test: a coroutine that became ready, a timer, and what the
    /// runtime itself calls for. attend() takes it back and runs what is ready and due.
    void call_for_attention() { needs_attention_ = true; }
    bool needs_attention() const { return needs_attention_; }
    void attend() {
        timers_.run_due();
        run_ready();
        needs_attention_ = has_work();
    }

    /// Resumes the coroutines that are ready now; those that become ready meanwhile wait for the
    /// next call, so that a task which yields for ever cannot starve the engine.
    void run_ready() {
        running_.swap(ready_);
        for (const std::coroutine_handle<> coroutine : running_) {
            coroutine.resume();
        }
        running_.clear();
    }
    /// `coroutine` is resumed in the next turn.
    void make_ready(std::coroutine_handle<> coroutine) noexcept {
        ready_.push_back(coroutine);
        call_for_attention();
    }

    void add(timed& entry) {
        timers_.add(entry);
        call_for_attention();
    }
    void remove(timed& entry) { timers_.remove(entry); }
    /// How long the engine may block: zero when something is ready, nothing when only the engine
    /// itself can bring work.
    std::optional<std::chrono::nanoseconds> patience() const {
        if (!ready_.empty()) {
            return std::chrono::nanoseconds(0);
        }
        if (timers_.empty()) {
            return std::nullopt;
        }
        return std::max(timers_.first_due() - std::chrono::steady_clock::now(),
                        std::chrono::steady_clock::duration::zero());
    }

    /// The scope in which the running task waits: its own, or the loop's.
    cancel_scope& scope() { return current_scope != nullptr ? *current_scope : everything_; }
    /// Ends every wait with ECANCELED, now and from now on.
    void abort() { everything_.cancel(); }

private:
    struct root_tasks final : task_owner {
        std::size_t live = 0;

        void start(lazy_task<void> task) {
            ++live;
            std::move(task).start(*this);
        }
        void task_finished(io_error, std::exception_ptr exception) noexcept override {
            --live;
            if (exception) {
                report(exception);
            }
        }
    };

    // One session that throws (memory is exhausted) must not end the others.
    static void report(const std::exception_ptr& exception) noexcept {
        try {
            std::rethrow_exception(exception);
        } catch (const std::exception& failure) {
            std::fprintf(stderr, "a task ended by an exception: %s\n", failure.what());
        } catch (...) {
            std::fprintf(stderr, "a task ended by an exception\n");
        }
    }

    root_tasks sessions_;
    root_tasks helpers_;
    bool needs_attention_ = false;
    std::vector<std::coroutine_handle<>> ready_;
    std::vector<std::coroutine_handle<>> running_;
    timer_queue timers_;
    cancel_scope everything_{nullptr};
};

/// Runs `body()` as a root of `loop`, calling `turn()` until it has ended; throws what it threw.
template <class Body, class Turn>
void run_to_end(coroutine_loop& loop, Body body, Turn turn) {
    std::exception_ptr error;
    bool is_over = false;
    auto guard = [](Body& work, std::exception_ptr& failure, bool& over) -> lazy_task<void> {
        try {
            co_await work();
        } catch (...) {
            failure = std::current_exception();
        }
        over = true;
    };
    loop.start(guard(body, error, is_over));
    while (!is_over) {
        turn();
    }
    if (error) {
        std::rethrow_exception(error);
    }
}

}  // namespace regatta
