#include "harness/load/crew.hpp"

#include <chrono>

#include "harness/load/clock.hpp"

namespace regatta::load {

void crew::load_until(lane& own, std::uint64_t deadline_ns) {
    if (own.has_connections()) {
        own.load_until(deadline_ns, is_over_);
        if (own.has_connections() || is_over_) {
            return;
        }
        const std::lock_guard lock(mutex_);
        if (--loading_ == 0 && !end_ns_) {
            end_ns_ = now_ns();
        }
        changed_.notify_all();
    }
    // steady_clock is CLOCK_MONOTONIC.
    const std::chrono::steady_clock::time_point deadline{std::chrono::nanoseconds(deadline_ns)};
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return loading_ == 0 || is_over_; });
}

std::uint64_t crew::end_ns(std::uint64_t planned_ns) {
    const std::lock_guard lock(mutex_);
    // The first to ask decides: a lane that loses its last connection only now has asked too late.
    end_ns_ = std::min(end_ns_.value_or(planned_ns), planned_ns);
    return *end_ns_;
}

void crew::fail(std::exception_ptr why) {
    const std::lock_guard lock(mutex_);
    failure_ = failure_ ? failure_ : why;
    is_over_ = true;
    changed_.notify_all();
}

}  // namespace regatta::load
