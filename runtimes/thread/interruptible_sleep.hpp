#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>

namespace regatta {

/// Sleeps that another thread can end: all sleepers wait on one futex, which is never woken but by
/// interrupt().
class interruptible_sleep {
public:
    /// True after `duration`; false when interrupted before, or earlier in this object's life.
    bool wait(std::chrono::nanoseconds duration) {
        const auto due = std::chrono::steady_clock::now().time_since_epoch() + duration;
        const timespec until{std::chrono::duration_cast<std::chrono::seconds>(due).count(),
                             (due % std::chrono::seconds(1)).count()};
        while (is_interrupted_.load(std::memory_order_acquire) == 0) {
            // WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC (futex(2)).
            const long result = ::syscall(SYS_futex, &is_interrupted_, FUTEX_WAIT_BITSET_PRIVATE, 0,
                                          &until, nullptr, FUTEX_BITSET_MATCH_ANY);
            if (result < 0 && errno == ETIMEDOUT) {
                return true;
            }
        }
        return false;
    }

    void interrupt() {
        is_interrupted_.store(1, std::memory_order_release);
        ::syscall(SYS_futex, &is_interrupted_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
    }

private:
    std::atomic<std::uint32_t> is_interrupted_{0};
    static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
};

}  // namespace regatta
