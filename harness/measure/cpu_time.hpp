#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace regatta {

/// User + system time of all threads of `pid`, in ns; nothing when it has ended.
std::optional<std::int64_t> process_cpu_ns(pid_t pid);

/// What CPUs have done since the machine started, in ns, in steps of the kernel's clock tick
/// (10 ms).
struct cpu_times {
    std::int64_t busy_ns = 0;   ///< user, nice, system and interrupts
    std::int64_t steal_ns = 0;  ///< wanted to run, and the hypervisor ran something else
    std::int64_t total_ns = 0;  ///< all of it, idle time included
};

/// The sum over `cpus`; `text` is the content of /proc/stat.
cpu_times parse_cpu_times(std::string_view text, const std::vector<int>& cpus);
cpu_times read_cpu_times(const std::vector<int>& cpus);

/// How busy CPUs were with what is not part of a trial.
struct foreign_load {
    double cpu_share;    ///< of the CPUs' time; 0 .. 1
    double steal_share;  ///< the same
    double busy_share;   ///< the same, of everything: the trial's processes and others
};

/// Watches CPUs from its making to stop().
class foreign_load_meter {
public:
    /// `ours` are the processes of the trial; this process counts as one of them.
    foreign_load_meter(std::vector<int> cpus, const std::vector<pid_t>& ours);

    /// Nothing when too little time has passed for the kernel's ticks (200 ms), or when one of the
    /// processes has ended.
    std::optional<foreign_load> stop() const;

private:
    std::optional<std::int64_t> our_cpu_ns() const;

    std::vector<int> cpus_;
    std::vector<pid_t> ours_;
    cpu_times begin_;
    std::optional<std::int64_t> our_begin_ns_;
};

}  // namespace regatta
