#pragma once

#include <optional>
#include <string_view>

namespace regatta {

/// One way of a cache line between `first` and `second`, in ns: two threads, one on each CPU, hand
/// a line to and fro; the fastest of several batches, so that other load does not count. Takes a
/// few ms, at most 50. Nothing where the CPUs are the same, or the threads were not on them at
/// once, or no thread can be started.
std::optional<double> cache_line_ns(int first, int second);

/// "near" for CPUs that share a cache, "far" for those that do not: a cache line travels in some 50
/// ns on one socket and in some 350 between them, and on virtual machines the same pair may change
/// from one to the other.
std::string_view cache_state(double line_ns);

}  // namespace regatta
