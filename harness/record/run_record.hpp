#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/benchmark.hpp"
#include "harness/plan/placement.hpp"

namespace regatta {

/// What a run was asked to do.
struct run_request {
    std::vector<std::string> argv;
    nlohmann::json suite;   ///< its name, or null
    nlohmann::json filter;  ///< or null
    std::uint64_t seed;
    std::int64_t rounds;
    placement_mode placement;
    std::int64_t rounds_per_us;
    std::optional<std::chrono::nanoseconds> warmup{};   ///< where all trials have the same
    std::optional<std::chrono::nanoseconds> measure{};  ///< of the benchmarks without their own
    bool allows_busy_machine = true;  ///< trials beside other programs' load are kept
};

/// The name of a run that starts now: "20261120T102501Z-9f3c".
std::string make_run_id(std::uint64_t seed);

/// The build of this program as records have it, with the hashes of what measures.
nlohmann::json instrument_record();

/// The fields of the `run` record (results/FORMAT.md).
nlohmann::json run_record(const std::string& run_id, const run_request& request,
                          const std::vector<benchmark>& benchmarks);

}  // namespace regatta
