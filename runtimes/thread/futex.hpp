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

namespace regatta::threads {

using steady_time = std::chrono::steady_clock::time_point;

/// A word that threads wait on until it changes.
class futex {
public:
    std::uint32_t load() const { return word_.load(std::memory_order_acquire); }

    /// Changes `from` to `to` and wakes all who wait; false when the word is not `from`.
    bool change(std::uint32_t from, std::uint32_t to) {
        if (!word_.compare_exchange_strong(from, to, std::memory_order_acq_rel)) {
            return false;
        }
        // Who waited may be gone by now, and the word with it: only its address is used.
        ::syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
        return true;
    }

    /// Waits while the word is `value`; false when it still is at `until`.
    bool wait(std::uint32_t value, steady_time until) const {
        const auto due = until.time_since_epoch();
        const timespec absolute{std::chrono::duration_cast<std::chrono::seconds>(due).count(),
                                (due % std::chrono::seconds(1)).count()};
        const bool has_end = until != steady_time::max();
        while (load() == value) {
            // WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC (futex(2)).
            const long result =
                ::syscall(SYS_futex, &word_, FUTEX_WAIT_BITSET_PRIVATE, value,
                          has_end ? &absolute : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
            if (result < 0 && errno == ETIMEDOUT) {
                return load() != value;
            }
        }
        return true;
    }

private:
    std::atomic<std::uint32_t> word_{0};
    static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
};

}  // namespace regatta::threads
