#include "harness/record/noise_table.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/measure/metrics.hpp"
#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"
#include "harness/stats/noise.hpp"

namespace regatta {
namespace {

using nlohmann::json;

constexpr double foreign_share_told = 0.10;

struct noise_metric {
    const char* field;
    const char* title;
    const char* words;
};
constexpr noise_metric noise_metrics[] = {{"throughput_per_s", "rate /s", "rate"},
                                          {"server_cpu_ns_per_op", "CPU us/op", "CPU us/op"},
                                          {"latency_ns_p50", "p50 us", "p50"},
                                          {"latency_ns_p99", "p99 us", "p99"}};

/// The ok trial of each round that has one; a repetition takes the place of what it repeats.
using trials_by_round = std::map<std::uint64_t, json>;

std::optional<double> value_of(const json& trial, const char* field) {
    const json& value = trial.at("metrics").at(field);
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

/// The metric's values in rounds that ran next to each other, each round in one pair.
std::vector<std::pair<double, double>> pairs_of(const trials_by_round& trials, const char* field) {
    std::vector<std::pair<double, double>> pairs;
    for (const auto& [round, trial] : trials) {
        const auto next = trials.find(round + 1);
        if (round % 2 != 0 || next == trials.end()) {
            continue;
        }
        const auto first = value_of(trial, field);
        const auto second = value_of(next->second, field);
        if (first && second) {
            pairs.emplace_back(*first, *second);
        }
    }
    return pairs;
}

json metric_record(const trials_by_round& trials, const char* field) {
    std::vector<double> values;
    for (const auto& [round, trial] : trials) {
        if (const auto value = value_of(trial, field)) {
            values.push_back(*value);
        }
    }
    const auto found = stats::noise_of(values);
    if (!found) {
        return nullptr;
    }
    const auto deviation = stats::pair_deviation(pairs_of(trials, field));
    const auto detectable = [&deviation](std::size_t pairs) {
        return deviation ? json(stats::detectable_difference(*deviation, pairs)) : json();
    };
    return {{"median", found->median},
            {"cv", found->cv},
            {"cv_low", found->cv_low},
            {"cv_high", found->cv_high},
            {"outliers", found->outliers},
            {"autocorrelation", found->autocorrelation},
            {"is_correlated", found->is_correlated},
            {"pair_deviation", json_or_null(deviation)},
            {"detectable_5_pairs", detectable(5)},
            {"detectable_10_pairs", detectable(10)}};
}

/// "2.1 % in rate and 1.0 % in p50".
std::string detectable_text(const json& metrics, const char* field) {
    std::vector<std::string> parts;
    for (const noise_metric& each : noise_metrics) {
        const json& metric = metrics.at(each.field);
        if (metric.is_object() && metric.at(field).is_number()) {
            parts.push_back(
                fmt::format("{:.1f} % in {}", 100 * metric.at(field).get<double>(), each.words));
        }
    }
    return parts.empty() ? "" : format::listing(parts);
}

std::string sentence_of(const json& verdict) {
    const json& metrics = verdict.at("metrics");
    const std::string five = detectable_text(metrics, "detectable_5_pairs");
    if (five.empty()) {
        return "No answer: too few trials were valid; ask for more with --trials.";
    }
    std::string text = fmt::format(
        "5 pairs of trials can show a difference of {}; 10 pairs, of {} (paired t test at 5 %, "
        "found "
        "in 80 % of comparisons).",
        five, detectable_text(metrics, "detectable_10_pairs"));
    std::vector<std::string> correlated;
    for (const noise_metric& each : noise_metrics) {
        if (metrics.at(each.field).is_object() && metrics.at(each.field).at("is_correlated")) {
            correlated.emplace_back(each.words);
        }
    }
    if (!correlated.empty()) {
        text += fmt::format(
            " The machine drifts: a trial resembles the one before it in {}, so only trials that "
            "ran side by side can be compared.",
            format::listing(correlated));
    }
    const json& foreign = verdict.at("foreign_cpu_share_max");
    if (foreign.is_number() && foreign.get<double>() > foreign_share_told) {
        text += fmt::format(
            " Other programs used up to {:.0f} % of the trials' CPUs: this is the noise with them.",
            100 * foreign.get<double>());
    }
    return text;
}

json verdict_of(const std::string& benchmark, const std::vector<json>& trials) {
    trials_by_round ok;
    std::map<std::uint64_t, bool> rounds;
    json verdict{{"kind", "noise"}, {"benchmark", benchmark}, {"foreign_cpu_share_max", nullptr}};
    json& foreign = verdict["foreign_cpu_share_max"];
    for (const json& trial : trials) {
        if (trial.at("benchmark") != benchmark) {
            continue;
        }
        verdict["workload"] = trial.at("workload");
        verdict["runtime"] = trial.at("runtime");
        const auto round = trial.at("round").get<std::uint64_t>();
        rounds[round] = true;
        if (trial.at("status") != "ok") {
            continue;
        }
        ok[round] = trial;
        const json& share = trial.at("foreign_cpu_share");
        if (share.is_number() && (foreign.is_null() || share > foreign)) {
            foreign = share;
        }
    }
    verdict["trials"] = ok.size();
    verdict["trials_lost"] = rounds.size() - ok.size();
    verdict["pairs"] = pairs_of(ok, noise_metrics[0].field).size();
    verdict["interval_method"] = "chi-square on the logarithm";
    for (const noise_metric& each : noise_metrics) {
        verdict["metrics"][each.field] = metric_record(ok, each.field);
    }
    verdict["sentence"] = sentence_of(verdict);
    return verdict;
}

}  // namespace

std::vector<json> noise_verdicts(const std::vector<json>& trials) {
    std::vector<std::string> benchmarks;
    std::vector<json> verdicts;
    for (const json& trial : trials) {
        const auto name = trial.at("benchmark").get<std::string>();
        if (std::find(benchmarks.begin(), benchmarks.end(), name) == benchmarks.end()) {
            benchmarks.push_back(name);
            verdicts.push_back(verdict_of(name, trials));
        }
    }
    return verdicts;
}

std::string render_noise(const json& verdict) {
    const auto percent = [](const json& share, int decimals) {
        return share.is_number() ? format::number(100 * share.get<double>(), decimals)
                                 : std::string(format::absent);
    };
    using enum markdown_table::align;
    markdown_table table({{"metric", left},
                          {"median"},
                          {"CV %"},
                          {"95 % interval"},
                          {"outliers"},
                          {"autocorrelation"},
                          {"5 pairs show %"},
                          {"10 pairs show %"}});
    for (const noise_metric& each : noise_metrics) {
        const json& metric = verdict.at("metrics").at(each.field);
        if (metric.is_null()) {
            table.add({each.title, std::string(format::absent)});
            continue;
        }
        table.add({each.title, format::quantity(metric.at("median").get<double>(), each.field),
                   percent(metric.at("cv"), 2),
                   percent(metric.at("cv_low"), 2) + "-" + percent(metric.at("cv_high"), 2),
                   std::to_string(metric.at("outliers").get<int>()),
                   fmt::format("{:+.2f}{}", metric.at("autocorrelation").get<double>(),
                               metric.at("is_correlated").get<bool>() ? " *" : ""),
                   percent(metric.at("detectable_5_pairs"), 1),
                   percent(metric.at("detectable_10_pairs"), 1)});
    }
    return fmt::format("### {}: {} trials, {} lost\n\n{}\n{}\n",
                       verdict.at("benchmark").get<std::string>(), verdict.at("trials").get<int>(),
                       verdict.at("trials_lost").get<int>(), table.text(),
                       verdict.at("sentence").get<std::string>());
}

}  // namespace regatta
