#pragma once

#include <utility>
#include <vector>

#include "harness/micro/shared/echo_server.hpp"
#include "harness/micro/shared/ratio.hpp"
#include "harness/plan/placement.hpp"

namespace regatta::overhead {

using micro::arm;
using micro::echo_server;

/// How the trials are run.
struct cpu_time_options {
    std::size_t pairs = 20;
    std::size_t connections = 16;
    std::uint64_t requests = 30'000;  ///< of one trial
    std::uint64_t seed = 1;           ///< of the order within the pairs
};

/// CPU time per request in ns: (control, shared source) of each pair. A pair is one trial of each,
/// back to back in random order, each in a fresh process; user and system time of the server's
/// process on its own clock. Throws trial_failure, `failure` or `interrupted`.
std::vector<std::pair<double, double>> cpu_time_pairs(const arm& control, const arm& shared,
                                                      const placement& placed,
                                                      const cpu_time_options& options);

}  // namespace regatta::overhead
