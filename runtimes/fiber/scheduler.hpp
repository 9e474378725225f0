#pragma once

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/scheduler.hpp>

#include <chrono>
#include <optional>

#include "runtimes/support/live_set.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/support/timer_heap.hpp"

namespace regatta::fibers {

using context = boost::fibers::context;

/// A descriptor and the fibers that wait for it.
struct waitable {
    unique_fd fd;
    context* reader = nullptr;
    context* writer = nullptr;
    // As in any edge-triggered loop: after a short receive the socket is known to be empty, until
    // the next edge; once the peer has closed, no edge will come.
    bool may_be_readable = false;
    bool is_hung_up = false;
    std::size_t place = 0;

    int descriptor() const { return fd.get(); }
};

/// Boost.Fiber's scheduler of one thread, with epoll as the place where it waits: a fiber that
/// would block parks itself, and the thread sleeps in epoll when no fiber is ready. While fibers
/// are ready epoll is asked as well, once every `picks_per_poll` switches, so that busy fibers
/// cannot starve I/O and timers.
class scheduler final : public boost::fibers::algo::algorithm {
public:
    static constexpr unsigned picks_per_poll = 64;

    scheduler();

    // What Boost.Fiber calls (boost/fiber/algo/algorithm.hpp); all but notify() on the own thread.
    void awakened(context* fiber) noexcept override;
    context* pick_next() noexcept override;
    bool has_ready_fibers() const noexcept override;
    void suspend_until(std::chrono::steady_clock::time_point const& until) noexcept override;
    void notify() noexcept override { wake_.signal(); }

    /// Registers `fd`, edge-triggered, for reading and writing: its events are `entry`'s. `entry`
    /// must outlive the descriptor or a call of forget().
    void watch(int fd, waitable& entry);
    void forget(int fd);

    /// Parks the calling fiber until an event for `entry`.
    void wait_readable(waitable& entry) { park(entry.reader); }
    void wait_writable(waitable& entry) { park(entry.writer); }
    /// Parks the calling fiber; false when the wait was cancelled.
    bool sleep_until(steady_time due);
    /// Ends all sleeps, now and from now on.
    void cancel_sleeps();

    /// A fiber that waits for another one, but not for ever.
    using parking = timer<context*>;
    /// Parks the calling fiber until release(place) or until `due`.
    void park_until(parking& place, steady_time due);
    /// Makes the fiber that is parked in `place`, if any, ready.
    void release(parking& place);

private:
    void park(context*& place) {
        place = context::active();
        place->suspend();
    }
    void poll(std::optional<std::chrono::nanoseconds> longest) noexcept;
    void run_timers() noexcept;

    unique_fd epoll_;
    wake_event wake_;
    boost::fibers::scheduler::ready_queue_type ready_;
    // Boost.Fiber's own fiber, which frees what has ended and calls suspend_until(): it runs when
    // nothing else can, and now and then.
    context* dispatcher_ = nullptr;
    unsigned picks_ = 0;
    timer_heap<context*> timers_;
    bool sleeps_are_cancelled_ = false;
};

}  // namespace regatta::fibers
