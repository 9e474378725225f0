#pragma once

#include <string>
#include <vector>

#include "harness/gate/metric.hpp"
#include "harness/gate/rule.hpp"
#include "harness/gate/side.hpp"
#include "harness/plan/benchmark.hpp"

namespace regatta::gate {

/// A pair is disturbed when other programs had more than this of the CPUs of one of its trials.
inline constexpr double foreign_share_max = 0.10;
/// The same of what the hypervisor kept back.
inline constexpr double steal_share_max = 0.02;

/// A metric of a benchmark: the unit of judgement.
struct cell {
    metric what;
    std::vector<double> differences = {};  ///< ln, above 0 worse, in the order of the pairs
    std::vector<double> base_values = {};
    std::vector<double> head_values = {};
    assessment found = {};
    int base_without = 0;  ///< valid pairs in which the base's trial has no such figure
    int head_without = 0;
};

/// A benchmark that both builds run.
struct contest {
    benchmark base;
    benchmark head;
    std::vector<cell> cells;
    bool is_identical = false;  ///< and so not measured
    bool is_over = false;       ///< no more pairs are run
    int pairs = 0;              ///< that were run
    int pairs_valid = 0;        ///< both trials ok
    int pairs_clean = 0;        ///< of these, hardly disturbed by other programs
    int pairs_lost_in_a_row = 0;
    int base_failures = 0;
    int head_failures = 0;
    int base_failures_in_a_row = 0;
    int head_failures_in_a_row = 0;
    std::string failure_reason = {};  ///< of the last trial that failed
    /// Why nothing is judged, or "": the head fails where the base does not, or neither runs.
    std::string error = {};
    bool is_head_broken = false;  ///< the error is the head's alone

    /// As on the base: a head that is slowed on purpose says so in its own.
    std::string name() const { return base.name(); }
};

/// What the two builds have in common, and what only one has.
struct draw {
    std::vector<contest> contests;
    std::vector<std::string> only_base;
    std::vector<std::string> only_head;
};

/// Pairs the benchmarks by name. `skips_identical`: programs that are the same file are not
/// measured.
draw pair_up(const std::vector<benchmark>& base, const std::vector<benchmark>& head,
             const std::vector<metric>& metrics, bool skips_identical);

/// Whether `each` is no comparison at all: on both builds most trials have no such figure, as a
/// percentile of a job with few iterations. Known from the first look on.
bool is_absent(const contest& on, const cell& each);

/// Counts a pair of trials, of which both are on record, and judges it. A pair with a trial that is
/// not ok has no figures. A disturbed one is counted for robust metrics only. Ends the contest when
/// every cell is final, or when it cannot come to anything.
void take_pair(contest& on, const rule& levels, const nlohmann::json& base,
               const nlohmann::json& head);

}  // namespace regatta::gate
