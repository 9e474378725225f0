#pragma once

#include <chrono>

#include "harness/measure/censoring.hpp"
#include "harness/measure/open_loop.hpp"
#include "harness/plan/benchmark.hpp"
#include "harness/plan/placement.hpp"

namespace regatta {

/// Longer than most gaps between requests: a CPU that halts needs some 25 us to wake, a virtual one
/// now and then a multiple, and that would be the lag of the request.
inline constexpr std::chrono::nanoseconds open_loop_spin = std::chrono::milliseconds(2);

/// How long before a request is due the generator of an open loop stops sleeping: it spins where it
/// has a CPU of its own. Where it shares one, 0: it would take it from the server or its backend.
std::chrono::nanoseconds spin_of(const benchmark& arm, const placement& placed);

/// The fields of the generator's plan that make the load of `arm`. A rate that changes begins its
/// first step after `warmup`, where the window begins.
nlohmann::json load_fields(const benchmark& arm, const placement& placed,
                           std::chrono::milliseconds warmup);

/// The generator's `result` line of an open loop as evidence for its gates, without the shares of
/// CPU. Throws nlohmann::json::exception when a field is missing.
open_loop_evidence open_loop_evidence_of(const benchmark& arm, const placement& placed,
                                         const nlohmann::json& result,
                                         const censored_latency& latency);

/// The `open_loop` object of the trial record (results/FORMAT.md).
nlohmann::json open_loop_record(const benchmark& arm, const nlohmann::json& result,
                                const open_loop_evidence& evidence);

}  // namespace regatta
