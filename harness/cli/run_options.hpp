#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/cli/target.hpp"
#include "harness/cli/trial_options.hpp"

namespace regatta::cli {

/// What the command line of `regatta run` says.
struct run_options {
    std::optional<std::string> what;
    std::optional<std::string> filter;
    std::string out;
    std::optional<std::string> resume;  ///< a results file to go on with
    bool is_forced = false;
    bool is_quiet = false;
    bool is_dry = false;
    bool is_busy_machine_allowed = false;
    std::optional<std::int64_t> rounds;
    std::optional<std::uint64_t> seed;
    std::optional<double> measure_s;
    std::optional<double> warmup_s;
    std::optional<std::string> placement;
    std::optional<std::string> rate;
    std::optional<std::string> steps;
    std::optional<std::string> bursts;
    std::optional<std::string> arrivals;
    std::optional<std::string> injection;
    trial_options trials;
    target_options target;
};

void declare(CLI::App& command, run_options& options);

/// The options that replace parameters; those of the load last, as they replace each other. Throws
/// `failure` for those that exclude each other.
std::vector<std::pair<std::string, std::string>> overrides_of(const run_options& options);

}  // namespace regatta::cli
