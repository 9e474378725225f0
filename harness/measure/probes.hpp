#pragma once

#include <optional>
#include <string>

namespace regatta {

/// Why io_uring_setup fails for this process now, or nothing when it works.
std::optional<std::string> io_uring_obstacle();

/// Why the processor's event counters (instructions of this process) cannot be read, or nothing
/// when they can.
std::optional<std::string> perf_counters_obstacle();

/// What `errno_value` of perf_event_open means, in a sentence that says what to do about it.
std::string perf_obstacle(int errno_value);

/// The hypervisor as the processor names it ("KVMKVMKVM" gives "kvm"); nothing on bare metal or
/// where it cannot be told.
std::optional<std::string> hypervisor();

}  // namespace regatta
