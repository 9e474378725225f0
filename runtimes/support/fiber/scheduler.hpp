#pragma once

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/scheduler.hpp>
#include <boost/fiber/type.hpp>

#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <optional>
#include <utility>

#include "runtimes/support/fiber/parking.hpp"
#include "runtimes/support/timed.hpp"

/// What the runtimes on Boost.Fiber share, whatever their I/O engine.
namespace regatta::fibers {

/// What the scheduler asks of an I/O engine, which belongs to one thread:
/// - `poll(longest)`: waits for events, at most `longest` (without end where it is nothing), and
///   makes the fibers ready that waited for them;
/// - `wake()`: from any thread, makes poll() return.
template <class Engine>
concept engine = requires(Engine& io, std::optional<std::chrono::nanoseconds> longest) {
    { io.poll(longest) }
    noexcept;
    { io.wake() }
    noexcept;
};

/// Boost.Fiber's scheduler of one thread, with an I/O engine as the place where it waits: a fiber
/// that would block parks itself, and the thread sleeps in the engine when no fiber is ready. While
/// fibers are ready the engine is asked as well, so that busy fibers cannot starve I/O and timers:
/// when those that were ready after the last time have had their turn. (Asked earlier, it would
/// give more fibers than can run before the next time, and with many connections each would be
/// touched twice far apart: when it becomes ready, and long after that when it runs.)
template <engine Engine>
class scheduler final : public boost::fibers::algo::algorithm {
public:
    /// After so many switches Boost.Fiber frees what has ended, and the engine may be asked.
    static constexpr std::size_t picks_per_dispatch = 64;
    /// After so many it is asked in any case: a timer waits so long.
    static constexpr std::size_t picks_per_poll_max = 1024;

    /// Builds the engine of `arguments`.
    template <class... Arguments>
    explicit scheduler(Arguments&&... arguments) : engine_(std::forward<Arguments>(arguments)...) {
        // Timers then fire within a microsecond instead of 50 (prctl(2), PR_SET_TIMERSLACK).
        ::prctl(PR_SET_TIMERSLACK, 1UL);
    }

    Engine& io() { return engine_; }

    // What Boost.Fiber calls (boost/fiber/algo/algorithm.hpp); all but notify() on the own thread.
    void awakened(context* fiber) noexcept override {
        if (fiber->is_context(boost::fibers::type::dispatcher_context)) {
            dispatcher_ = fiber;
        } else {
            fiber->ready_link(ready_);
            ++ready_count_;
        }
    }
    context* pick_next() noexcept override;
    bool has_ready_fibers() const noexcept override {
        return !ready_.empty() || dispatcher_ != nullptr;
    }
    void suspend_until(std::chrono::steady_clock::time_point const& until) noexcept override;
    void notify() noexcept override { engine_.wake(); }

    timer_queue& timers() { return timers_; }

private:
    void poll(std::optional<std::chrono::nanoseconds> longest) noexcept {
        engine_.poll(longest);
        timers_.run_due();
        picks_since_poll_ = 0;
        picks_until_poll_ = std::min(ready_count_, picks_per_poll_max);
    }

    Engine engine_;
    boost::fibers::scheduler::ready_queue_type ready_;
    std::size_t ready_count_ = 0;
    // Boost.Fiber's own fiber, which frees what has ended and calls suspend_until(): it runs when
    // nothing else can, and now and then.
    context* dispatcher_ = nullptr;
    std::size_t picks_since_dispatch_ = 0;
    std::size_t picks_since_poll_ = 0;
    std::size_t picks_until_poll_ = 0;
    // By suspend_until(): the dispatcher asks for the next fiber right after it.
    bool has_just_polled_ = false;
    timer_queue timers_;
};

template <engine Engine>
context* scheduler<Engine>::pick_next() noexcept {
    // The dispatcher asks only between other fibers. Polling here and nowhere else means that a
    // fiber is never made ready while it is still on its way to be parked.
    const bool is_dispatching =
        context::active()->is_context(boost::fibers::type::dispatcher_context);
    if (is_dispatching && !std::exchange(has_just_polled_, false) && !ready_.empty() &&
        picks_since_poll_ >= picks_until_poll_) {
        poll(std::chrono::nanoseconds(0));
    }
    const bool is_dispatchers_turn =
        dispatcher_ != nullptr && (ready_.empty() || picks_since_dispatch_ >= picks_per_dispatch);
    if (is_dispatchers_turn) {
        picks_since_dispatch_ = 0;
        return std::exchange(dispatcher_, nullptr);
    }
    if (ready_.empty()) {
        return nullptr;
    }
    context* const next = &ready_.front();
    ready_.pop_front();
    --ready_count_;
    ++picks_since_dispatch_;
    ++picks_since_poll_;
    return next;
}

template <engine Engine>
void scheduler<Engine>::suspend_until(std::chrono::steady_clock::time_point const& until) noexcept {
    using duration = std::chrono::steady_clock::duration;
    auto due = until;
    if (!timers_.empty()) {
        due = std::min(due, timers_.first_due());
    }
    if (due == std::chrono::steady_clock::time_point::max()) {
        poll(std::nullopt);
    } else {
        poll(std::max(due - std::chrono::steady_clock::now(), duration::zero()));
    }
    has_just_polled_ = true;
}

}  // namespace regatta::fibers
