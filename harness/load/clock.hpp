#pragma once

#include <sys/types.h>
#include <time.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <optional>

namespace regatta::load {

inline constexpr std::uint64_t never_ns = std::numeric_limits<std::uint64_t>::max();

/// `duration_ns`, at least 0, as the kernel takes it.
inline timespec to_timespec(std::uint64_t duration_ns) {
    return {static_cast<time_t>(duration_ns / 1'000'000'000),
            static_cast<long>(duration_ns % 1'000'000'000)};
}

inline std::uint64_t to_ns(const timespec& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec);
}

/// CLOCK_MONOTONIC; 22-40 ns a call, through the vDSO.
inline std::uint64_t now_ns() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return to_ns(time);
}

/// Returns at `time_ns` of CLOCK_MONOTONIC, or at once when that is over.
inline void sleep_until(std::uint64_t time_ns) {
    const timespec time = to_timespec(time_ns);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
    }
}

/// CPU time of this process: every thread, also those that the kernel runs for its ring.
inline std::uint64_t own_cpu_ns() {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return to_ns(time);
}

/// CPU time of this thread.
inline std::uint64_t own_thread_cpu_ns() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return to_ns(time);
}

/// CPU time of another process, user and system, all threads; nothing when it is gone.
inline std::optional<std::uint64_t> process_cpu_ns(pid_t pid) {
    clockid_t clock;
    timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
        return std::nullopt;
    }
    return to_ns(time);
}

}  // namespace regatta::load
