#pragma once

#include <cerrno>
#include <coroutine>
#include <cstdio>
#include <optional>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/lazy_task.hpp"
#include "runtimes/support/timer_heap.hpp"

namespace regatta {

/// What every coroutine loop of ours has, whatever its engine: root tasks, ready coroutines,
/// timers. All members are for the loop's own thread.
class coroutine_loop final : private root_owner {
public:
    /// Starts `task` as a root on the caller's stack.
    void start(lazy_task<void> task) {
        ++live_roots_;
        std::move(task).start(*this);
    }
    /// Root tasks that have not ended.
    std::size_t live_roots() const { return live_roots_; }
    /// Whether a coroutine is ready or a timer runs; if not, only the engine can bring work.
    bool has_work() const { return !ready_.empty() || !timers_.empty(); }

    /// One flag for all that is not an engine's everyday event, so that a turn in which nothing of
    /// the kind came up costs one test: a coroutine that became ready, a timer, and what the
    /// runtime itself calls for. attend() takes it back and runs what is ready and due.
    void call_for_attention() { needs_attention_ = true; }
    bool needs_attention() const { return needs_attention_; }
    void attend() {
        run_timers();
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

    /// Resumes the waiters of all timers that are due.
    void run_timers() {
        if (timers_.empty()) {
            return;
        }
        const steady_time now = std::chrono::steady_clock::now();
        while (!timers_.empty() && timers_.first().due <= now) {
            timers_.take_first().waiter.resume();
        }
    }

    /// How long the engine may block: zero when something is ready, nothing when only the engine
    /// itself can bring work.
    std::optional<std::chrono::nanoseconds> patience() const {
        if (!ready_.empty()) {
            return std::chrono::nanoseconds(0);
        }
        if (timers_.empty()) {
            return std::nullopt;
        }
        return std::max(timers_.first().due - std::chrono::steady_clock::now(),
                        std::chrono::steady_clock::duration::zero());
    }

    /// Ends every wait of a sleep with ECANCELED, now and from now on.
    void cancel_sleeps() {
        sleeps_are_cancelled_ = true;
        while (!timers_.empty()) {
            auto& entry = timers_.take_first();
            entry.cancelled = true;
            ready_.push_back(entry.waiter);
            call_for_attention();
        }
    }

    class [[nodiscard]] sleep_awaiter {
    public:
        sleep_awaiter(coroutine_loop& loop, std::chrono::nanoseconds duration) : loop_(loop) {
            timer_.due = std::chrono::steady_clock::now() + duration;
        }
        bool await_ready() noexcept { return timer_.cancelled = loop_.sleeps_are_cancelled_; }
        void await_suspend(std::coroutine_handle<> waiter) {
            timer_.waiter = waiter;
            loop_.timers_.add(timer_);
            loop_.call_for_attention();
        }
        outcome await_resume() const noexcept {
            return {io_error(timer_.cancelled ? ECANCELED : 0)};
        }

    private:
        coroutine_loop& loop_;
        timer<std::coroutine_handle<>> timer_;
    };

    class [[nodiscard]] yield_awaiter {
    public:
        explicit yield_awaiter(coroutine_loop& loop) : loop_(loop) {}
        static constexpr bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> waiter) {
            loop_.ready_.push_back(waiter);
            loop_.call_for_attention();
        }
        static constexpr void await_resume() noexcept {}

    private:
        coroutine_loop& loop_;
    };

    sleep_awaiter sleep_for(std::chrono::nanoseconds duration) { return {*this, duration}; }
    yield_awaiter yield() { return yield_awaiter(*this); }

private:
    void root_finished(std::exception_ptr error) noexcept override {
        --live_roots_;
        if (error) {
            report(error);
        }
    }
    // One session that throws (memory is exhausted) must not end the others.
    static void report(const std::exception_ptr& error) noexcept {
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& failure) {
            std::fprintf(stderr, "a task ended by an exception: %s\n", failure.what());
        } catch (...) {
            std::fprintf(stderr, "a task ended by an exception\n");
        }
    }

    std::size_t live_roots_ = 0;
    bool sleeps_are_cancelled_ = false;
    bool needs_attention_ = false;
    std::vector<std::coroutine_handle<>> ready_;
    std::vector<std::coroutine_handle<>> running_;
    timer_heap<std::coroutine_handle<>> timers_;
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
