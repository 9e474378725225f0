#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/benchmark.hpp"
#include "harness/plan/placement.hpp"
#include "harness/server/load_ranks.hpp"

namespace regatta {

/// What all trials of a run have in common.
struct trial_settings {
    std::chrono::nanoseconds warmup{};
    std::chrono::nanoseconds measure{};
    std::chrono::nanoseconds connect = std::chrono::seconds(5);  ///< how long connecting may take
    placement_mode placement = placement_mode::split;
    std::vector<int> cpus;            ///< those that the trial may use, ascending
    std::string generator_engine;     ///< "io_uring" or "epoll"
    std::filesystem::path generator;  ///< the program
    std::int64_t generator_threads = 1;
    std::int64_t generator_slow_ns = 0;  ///< a hook for tests: harness/load/README.md
    std::int64_t rounds_per_us = 1;
    bool probes_loop_lag = true;  ///< of runtimes that offer it
    /// Whether a trial beside which other programs ran, or of which the hypervisor took time, is
    /// invalid; else it has a warning.
    bool refuses_busy_machine = false;
    load_ranks ranks;        ///< that share the load
    std::uint64_t seed = 0;  ///< the same for every trial of a round: comparisons are paired
};

struct trial_result {
    /// The fields of the `trial` record (results/FORMAT.md), all but `trial`, `round` and
    /// `attempt`.
    nlohmann::json record;
    /// It is invalid for a reason that may be the moment's: the machine was not in a steady state.
    bool is_worth_repeating = false;
    /// Others' load is among the reasons of it.
    bool is_machine_busy = false;
    /// It failed for no reply came in the window: a longer one may hold some.
    bool is_window_empty = false;
};

/// Runs `arm` once in a fresh process. A trial that fails is a result: its record says why. No
/// process is left. Throws only `interrupted`.
trial_result run_trial(const benchmark& arm, const trial_settings& settings);

/// Where the two sides of a trial run: generators that have hosts of their own need no CPU here.
placement place_trial(const benchmark& arm, const trial_settings& settings);

/// The time now as ISO 8601 in UTC, "2026-11-20T10:25:01.123Z".
std::string time_now();

}  // namespace regatta
