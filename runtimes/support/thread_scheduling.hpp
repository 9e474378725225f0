#pragma once

#include <sched.h>

#include <chrono>
#include <cstdint>

namespace regatta {

/// How a thread is scheduled: the kernel's struct sched_attr, first version (sched_setattr(2)).
/// glibc 2.36 has neither it nor its system calls, and the kernel's header contradicts glibc's.
struct thread_scheduling {
    std::uint32_t size = sizeof(thread_scheduling);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0;  ///< of SCHED_OTHER: the slice, 100 us to 100 ms (Linux 6.12)
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};

/// Of the calling thread; false, with errno, where the kernel refuses.
bool get_scheduling(thread_scheduling& own);
bool set_scheduling(const thread_scheduling& wanted);

/// Gives the calling thread, of SCHED_OTHER, slices of so long: when it wakes it gets the CPU from
/// one with longer slices at once, and does not keep it from one with shorter ones. False where it
/// cannot be had: kernels before 6.12, and other policies, ignore it without a word.
bool take_slice(std::chrono::nanoseconds slice);

}  // namespace regatta
