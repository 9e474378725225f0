#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/cli/trial_options.hpp"
#include "harness/gate/metric.hpp"
#include "harness/gate/report.hpp"
#include "harness/gate/side.hpp"

namespace regatta::cli {

/// What one comparison of two builds was asked to do.
struct gate_request {
    std::string what = "gate";  ///< a suite or a filter
    std::optional<std::string> filter;
    trial_options all;
    std::vector<gate::metric> metrics;  ///< those that are judged, with their tolerances
    std::optional<double> measure_s;
    std::optional<double> warmup_s;
    std::optional<std::string> placement;
    std::optional<double> budget_s;
    std::uint64_t seed = 0;
    std::string injection;            ///< slows the head on purpose; empty: not
    bool measures_identical = false;  ///< programs that are the same file, too
    bool fails_when_inconclusive = false;
    bool is_quiet = false;
    std::filesystem::path out;  ///< results file; empty: in results/raw/
    bool is_forced = false;
};

/// A run of the gate, and the file that has it.
struct gate_result {
    gate::report told;
    std::filesystem::path file;
};

/// The names of the runtimes of `head` that the request selects. Throws `failure` as run_gate().
std::vector<std::string> runtimes_wanted(const gate_request& request, const gate::side& head);

/// Compares the two builds: each trial goes on record as it ends, then the verdicts and `end`.
/// Under an interrupt_guard. Progress on standard error. Throws `failure` with status 2 for what
/// was asked wrongly.
gate_result run_gate(const gate_request& request, const gate::side& base, const gate::side& head,
                     const std::vector<std::string>& argv);

}  // namespace regatta::cli
