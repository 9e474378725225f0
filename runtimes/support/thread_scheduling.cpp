#include "runtimes/support/thread_scheduling.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace regatta {

bool get_scheduling(thread_scheduling& own) {
    return ::syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) == 0;
}

bool set_scheduling(const thread_scheduling& wanted) {
    return ::syscall(SYS_sched_setattr, 0, &wanted, 0) == 0;
}

bool take_slice(std::chrono::nanoseconds slice) {
    const auto wanted_ns = static_cast<std::uint64_t>(slice.count());
    thread_scheduling own;
    if (!get_scheduling(own)) {
        return false;
    }
    own.runtime_ns = wanted_ns;
    thread_scheduling given;
    return set_scheduling(own) && get_scheduling(given) && given.runtime_ns == wanted_ns;
}

}  // namespace regatta
