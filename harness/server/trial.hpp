#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/benchmark.hpp"
#include "harness/plan/placement.hpp"

namespace regatta {

/// What all trials of a run have in common.
struct trial_settings {
    std::chrono::nanoseconds warmup{};
    std::chrono::nanoseconds measure{};
    placement_mode placement = placement_mode::split;
    std::vector<int> cpus;            ///< those that the trial may use, ascending
    std::string generator_engine;     ///< "io_uring" or "epoll"
    std::filesystem::path generator;  ///< the program
    std::int64_t rounds_per_us = 1;
    std::uint64_t seed = 0;  ///< the same for every trial of a round: comparisons are paired
};

/// Runs `arm` once in a fresh process and gives the fields of its `trial` record
/// (results/FORMAT.md), all but `trial` and `round`. A trial that fails is a result: its record
/// says why. No process is left. Throws only `interrupted`.
nlohmann::json run_trial(const benchmark& arm, const trial_settings& settings);

/// The time now as ISO 8601 in UTC, "2026-11-20T10:25:01.123Z".
std::string time_now();

}  // namespace regatta
