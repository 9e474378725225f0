#pragma once

#include <optional>

#include <sys/types.h>

#include "harness/measure/cpu_time.hpp"
#include "harness/plan/placement.hpp"

namespace regatta::audit {

/// How busy an audit's CPUs were with what is no part of it, from its making to stop(). Unlike
/// foreign_load_meter it knows the tool by what this process's ended children used.
class foreign_share_meter {
public:
    foreign_share_meter(const placement& placed, pid_t server);

    /// The share of the CPUs' time, 0 to 1, once the tool has ended and while the server lives;
    /// nothing when the server has ended.
    std::optional<double> stop() const;

private:
    std::optional<std::int64_t> our_cpu_ns() const;

    std::vector<int> cpus_;
    pid_t server_;
    cpu_times begin_;
    std::optional<std::int64_t> our_begin_ns_;
};

}  // namespace regatta::audit
