#pragma once

#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace regatta {

/// Proportional set size of `pid` now, in bytes: its private memory plus its share of what it maps
/// with others (/proc/PID/smaps_rollup). Nothing when it has ended or may not be looked at. Reading
/// it walks the page tables under the process's lock: not for a measured window.
std::optional<std::uint64_t> pss_bytes(pid_t pid);

/// Largest resident set of `pid` since it began its program, in bytes (VmHWM). Nothing as above.
std::optional<std::uint64_t> rss_bytes_peak(pid_t pid);

}  // namespace regatta
