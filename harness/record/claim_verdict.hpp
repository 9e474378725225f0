#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/claim.hpp"
#include "harness/record/record_reader.hpp"

namespace regatta {

enum class claim_outcome {
    confirmed,     ///< the whole interval lies where the claim says
    refuted,       ///< the whole interval lies elsewhere
    undecided,     ///< it lies on both sides, or there is none: it cannot be told
    not_measured,  ///< the files hold no valid trials of it
};

/// "confirmed", "refuted", "cannot be told", "not measured".
std::string_view name_of(claim_outcome outcome);

/// What the results say of one case of a claim.
struct claim_verdict {
    claim stated;
    claim_case which;
    claim_outcome outcome = claim_outcome::not_measured;
    std::optional<double> value;  ///< of `metric`, or the ratio a / b
    std::optional<double> low;    ///< of its 95 % interval
    std::optional<double> high;
    std::size_t rounds = 0;  ///< in which a (and b) had a valid trial
    std::string reason;      ///< why it was not measured, else empty
};

/// Holds each case of each claim against the results. A ratio is that of paired rounds (t on the
/// logarithm), only of rounds in which the way between the CPUs was the same; a value is the median
/// over trials. The interval of a ratio of two memory slopes is the widest that their own intervals
/// allow.
std::vector<claim_verdict> judge_claims(const std::vector<claim>& claims,
                                        const std::vector<record_file>& files);

/// A Markdown table, a line of totals, and what each claim says and compares.
std::string render_claims(const std::vector<claim_verdict>& verdicts);

/// The same as an array of objects.
nlohmann::json to_json(const std::vector<claim_verdict>& verdicts);

}  // namespace regatta
