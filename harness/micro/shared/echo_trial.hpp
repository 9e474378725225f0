#pragma once

#include <chrono>
#include <cstdint>

#include "harness/micro/shared/echo_server.hpp"
#include "harness/plan/placement.hpp"

namespace regatta::micro {

/// The load of a trial: a closed loop of `regatta-load`.
struct echo_load {
    std::int64_t size_bytes = 64;  ///< of a message
    std::int64_t connections = 50;
    std::chrono::nanoseconds warmup{};
    std::chrono::nanoseconds measure{};
    std::uint64_t seed = 1;
};

struct echo_figures {
    double rate_per_s;     ///< replies
    double cpu_ns_per_op;  ///< user and system time of the server's process, for one reply
};

/// Runs `server` once in a fresh process under `load`. Throws trial_failure with the reason, also
/// where a reply was wrong or missing; `failure`; `interrupted`.
echo_figures run_echo_trial(const arm& server, const echo_load& load, const placement& placed);

}  // namespace regatta::micro
