#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "harness/cli/load_origin.hpp"
#include "harness/plan/selection.hpp"
#include "harness/server/trial.hpp"

/// What the verbs that run trials have in common.
namespace regatta::cli {

struct trial_options {
    std::vector<std::string> runtime_folders;
    std::vector<std::string> settings;  ///< name=value
    std::optional<std::string> connections;
    std::optional<std::string> depth;
    std::optional<std::string> workers;
    std::string generator_engine = "io_uring";
    bool skips_loop_lag = false;
    std::int64_t generator_threads = 1;
    std::int64_t generator_slow_ns = 0;
    load_origin origin;
};

void declare(CLI::App& command, trial_options& options);

/// The parameters that the options replace. Throws `failure` for a --set without '='.
std::vector<std::pair<std::string, std::string>> overrides_of(const trial_options& options);

/// The CPUs, the generator and its engine; raises the limit of open files for the programs to come,
/// and measures the machine's rounds_per_us. Throws `failure` when `needs_generator` and there is
/// none beside this program.
trial_settings prepare_trials(const trial_options& options, bool needs_generator);

}  // namespace regatta::cli
