#include "harness/record/claim_verdict.hpp"

#include <charconv>
#include <map>

#include <fmt/format.h>

#include "harness/measure/histogram_json.hpp"
#include "harness/record/summary.hpp"
#include "harness/stats/paired.hpp"

namespace regatta {
namespace {

using nlohmann::json;

/// What one trial gives for a claim.
struct observed {
    double value;
    std::string cache_state;  ///< empty where it does not matter
};

/// By file and round, of the ok trials of a benchmark.
using observations = std::map<std::pair<std::size_t, std::int64_t>, observed>;

/// The percentile that `key` ("p90") means of a histogram; nothing for another key or object, and
/// where there are too few samples.
std::optional<double> percentile_in(const json& object, const std::string& key) {
    int hundredths = 0;
    const char* end = key.data() + key.size();
    if (key.size() < 2 || key.front() != 'p' || !object.contains("sub_bucket_bits") ||
        std::from_chars(key.data() + 1, end, hundredths).ptr != end) {
        return std::nullopt;
    }
    const auto found = histogram_from_json(object).percentile(hundredths / 100.0);
    return found ? std::optional(static_cast<double>(*found)) : std::nullopt;
}

/// The number at `metric`: a name in `metrics`, or a path with dots from the trial's root, of which
/// the last part may be a percentile of a histogram.
std::optional<double> number_in(const json& trial, const std::string& metric) {
    const json* at = &trial;
    std::string path = metric.find('.') == std::string::npos ? "metrics." + metric : metric;
    while (!path.empty()) {
        const std::size_t dot = path.find('.');
        const std::string key = path.substr(0, dot);
        path = dot == std::string::npos ? "" : path.substr(dot + 1);
        if (!at->is_object()) {
            return std::nullopt;
        }
        if (!at->contains(key)) {
            return percentile_in(*at, key);
        }
        at = &at->at(key);
    }
    return at->is_number() ? std::optional(at->get<double>()) : std::nullopt;
}

std::string cache_state_of(const json& trial) {
    const json distance = trial.value("cache_distance", json());
    return distance.is_object() ? distance.value("state", "") : "";
}

observations observe(const std::vector<record_file>& files, const std::string& benchmark,
                     const std::string& metric) {
    observations found;
    for (std::size_t i = 0; i < files.size(); ++i) {
        for (const json& trial : files[i].trials) {
            if (trial.value("benchmark", "") != benchmark || trial.value("status", "") != "ok") {
                continue;
            }
            if (const auto value = number_in(trial, metric)) {
                found[{i, trial.value("round", std::int64_t{0})}] = {*value, cache_state_of(trial)};
            }
        }
    }
    return found;
}

void take(claim_verdict& verdict, const std::optional<stats::interval>& range) {
    if (range) {
        verdict.low = range->low;
        verdict.high = range->high;
    }
}

void judge_ratio(claim_verdict& verdict, const observations& a, const observations& b) {
    std::vector<std::pair<double, double>> rounds;
    for (const auto& [round, ours] : a) {
        const auto other = b.find(round);
        if (other != b.end() && is_same_cache_state(ours.cache_state, other->second.cache_state)) {
            rounds.emplace_back(ours.value, other->second.value);
        }
    }
    verdict.rounds = rounds.size();
    if (const auto ratio = stats::ratio_of_rounds(rounds)) {
        verdict.value = ratio->value;
        take(verdict, ratio->range);
    }
}

void judge_value(claim_verdict& verdict, const observations& a) {
    std::vector<double> values;
    for (const auto& [round, each] : a) {
        values.push_back(each.value);
    }
    const stats::estimate found = stats::summarise(values);
    verdict.rounds = values.size();
    verdict.value = found.median;
    take(verdict, found.range);
}

void judge_trials(claim_verdict& verdict, const std::vector<record_file>& files) {
    const observations a = observe(files, verdict.which.a, verdict.stated.metric);
    if (a.empty()) {
        verdict.reason = "no valid trial of " + verdict.which.a;
        return;
    }
    if (verdict.which.b.empty()) {
        judge_value(verdict, a);
        return;
    }
    const observations b = observe(files, verdict.which.b, verdict.stated.metric);
    if (b.empty()) {
        verdict.reason = "no valid trial of " + verdict.which.b;
        return;
    }
    judge_ratio(verdict, a, b);
    if (!verdict.value) {
        verdict.reason = "no round in which both had a valid trial under the same conditions";
    }
}

/// The verdict of `regatta memory` on a benchmark: its slope with an interval, or nothing.
const json* slope_of(const std::vector<record_file>& files, const std::string& benchmark) {
    for (const record_file& file : files) {
        for (const json& record : file.others) {
            if (record.value("record", "") != "verdict" || record.value("kind", "") != "memory" ||
                record.value("benchmark", "") != benchmark) {
                continue;
            }
            const json& fits = record.at("fits");
            const json& fit = fits.at("server").is_object() ? fits.at("server") : fits.at("user");
            if (fit.is_object()) {
                return &fit;
            }
        }
    }
    return nullptr;
}

void judge_slopes(claim_verdict& verdict, const std::vector<record_file>& files) {
    const auto number = [](const json& fit, const char* end) {
        return fit.at(std::string(claim::memory_slope) + end).get<double>();
    };
    const json* a = slope_of(files, verdict.which.a);
    const json* b = verdict.which.b.empty() ? nullptr : slope_of(files, verdict.which.b);
    if (a == nullptr || (b == nullptr && !verdict.which.b.empty())) {
        verdict.reason = "no slope of " + (a == nullptr ? verdict.which.a : verdict.which.b) +
                         ": give the file of regatta memory too";
        return;
    }
    verdict.rounds = 1;
    if (b == nullptr) {
        verdict.value = number(*a, "");
        verdict.low = number(*a, "_low");
        verdict.high = number(*a, "_high");
    } else if (number(*a, "_low") > 0 && number(*b, "_low") > 0) {
        verdict.value = number(*a, "") / number(*b, "");
        verdict.low = number(*a, "_low") / number(*b, "_high");
        verdict.high = number(*a, "_high") / number(*b, "_low");
    } else {
        verdict.reason = "a slope is not above 0 within its interval, so there is no ratio";
    }
}

claim_outcome outcome_of(const claim_verdict& verdict) {
    if (!verdict.value) {
        return claim_outcome::not_measured;
    }
    if (!verdict.low) {
        return claim_outcome::undecided;
    }
    if (*verdict.low >= verdict.stated.at_least && *verdict.high <= verdict.stated.at_most) {
        return claim_outcome::confirmed;
    }
    if (*verdict.high < verdict.stated.at_least || *verdict.low > verdict.stated.at_most) {
        return claim_outcome::refuted;
    }
    return claim_outcome::undecided;
}

}  // namespace

std::string_view name_of(claim_outcome outcome) {
    switch (outcome) {
        case claim_outcome::confirmed:
            return "confirmed";
        case claim_outcome::refuted:
            return "refuted";
        case claim_outcome::undecided:
            return "cannot be told";
        default:
            return "not measured";
    }
}

std::vector<claim_verdict> judge_claims(const std::vector<claim>& claims,
                                        const std::vector<record_file>& files) {
    std::vector<claim_verdict> verdicts;
    for (const claim& stated : claims) {
        for (const claim_case& which : cases_of(stated)) {
            claim_verdict verdict{stated, which, {}, {}, {}, {}, 0, {}};
            if (stated.is_memory_slope()) {
                judge_slopes(verdict, files);
            } else {
                judge_trials(verdict, files);
            }
            verdict.outcome = outcome_of(verdict);
            verdicts.push_back(std::move(verdict));
        }
    }
    return verdicts;
}

}  // namespace regatta
