#pragma once

#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/gate/campaign.hpp"

namespace regatta::gate {

/// A gate run as its results file has it: what every output is made from.
struct report {
    nlohmann::json run;                  ///< the `run` record
    std::vector<nlohmann::json> trials;  ///< with `side`
    std::vector<nlohmann::json> cells;   ///< verdicts of the kind `gate`
    nlohmann::json summary;              ///< the verdict of the kind `gate_summary`
};

/// The verdicts of all cells, in the order of the benchmarks, but for those that are no comparison
/// (is_absent); fields as in results/FORMAT.md.
std::vector<nlohmann::json> cell_records(const std::vector<contest>& contests, campaign_end end);

/// What the summary adds to the cells.
struct summary_facts {
    campaign_end end = campaign_end::complete;
    bool fails_when_inconclusive = false;
    double elapsed_s = 0;
    nlohmann::json budget_s;  ///< or null
};

/// The verdict on the whole run, with the exit status of METHOD: 0 nothing is worse, 1 a
/// regression, or a head that fails where the base does not, 3 inconclusive where that is to fail,
/// 4 nothing could be compared.
nlohmann::json summary_record(const draw& made, const rule& levels,
                              const std::vector<nlohmann::json>& cells, const summary_facts& facts);

/// Reads the results file of a gate run; throws `failure` when it is none, or was cut short before
/// its verdicts.
report read_report(const std::filesystem::path& file);

}  // namespace regatta::gate
