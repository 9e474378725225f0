#include "harness/measure/calibration.hpp"

#include <algorithm>
#include <ctime>
#include <limits>

#include <sched.h>

#include "workloads/kernels.hpp"

namespace regatta {
namespace {

std::int64_t thread_cpu_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

}  // namespace

std::int64_t calibrate_rounds_per_us(int cpu) {
    // One attempt takes about 2 ms: long against the clock's cost, short against a time slice.
    constexpr std::int64_t rounds = 1'000'000;
    constexpr int attempts = 25;
    cpu_set_t before;
    const bool is_known = ::sched_getaffinity(0, sizeof before, &before) == 0;
    cpu_set_t only;
    CPU_ZERO(&only);
    if (cpu < CPU_SETSIZE) {
        CPU_SET(cpu, &only);
        ::sched_setaffinity(0, sizeof only, &only);
    }
    std::int64_t fastest_ns = std::numeric_limits<std::int64_t>::max();
    std::uint64_t value = 1;
    for (int i = 0; i < attempts; ++i) {
        const std::int64_t begin = thread_cpu_ns();
        value = kernels::burn(value, rounds);
        fastest_ns = std::min(fastest_ns, thread_cpu_ns() - begin);
    }
    asm volatile("" : : "r"(value));  // the work must not be optimised away
    if (is_known) {
        ::sched_setaffinity(0, sizeof before, &before);
    }
    return std::max<std::int64_t>(1, rounds * 1000 / std::max<std::int64_t>(1, fastest_ns));
}

}  // namespace regatta
