#include "harness/record/difference.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/plan/filter.hpp"
#include "harness/record/format.hpp"
#include "harness/record/summary.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using finding = metric_difference::finding;

constexpr double error_probability = 0.05;
constexpr const char* usual_metrics[] = {"throughput_per_s", "latency_ns_p50", "latency_ns_p99",
                                         "server_cpu_ns_per_op", "pss_bytes_peak"};

using summaries_by_name = std::map<std::string, benchmark_summary>;

/// The benchmarks of a file that match, by name, and their names in the file's order.
struct measured {
    summaries_by_name by_name;
    std::vector<std::string> names;

    measured(const record_file& file, const std::string& expression) {
        const filter wanted(expression);
        for (benchmark_summary& each : summarise_trials(file.trials)) {
            if (each.ok != 0 && wanted.matches(each.benchmark)) {
                names.push_back(each.benchmark);
                by_name.emplace(each.benchmark, std::move(each));
            }
        }
    }
};

std::vector<double> values_in(const benchmark_summary& summary, const std::string& metric) {
    std::vector<double> values;
    if (const auto found = summary.metrics.find(metric); found != summary.metrics.end()) {
        for (const auto& [round, value] : found->second) {
            values.push_back(value);
        }
    }
    return values;
}

std::vector<std::string> missing_from(const measured& other,
                                      const std::vector<std::string>& names) {
    std::vector<std::string> missing;
    std::copy_if(names.begin(), names.end(), std::back_inserter(missing),
                 [&](const std::string& name) { return !other.by_name.contains(name); });
    return missing;
}

/// What a run record says at a place, as a word.
std::string word_at(const json& run, const char* pointer) {
    const json::json_pointer place(pointer);
    if (!run.is_object() || !run.contains(place) || run.at(place).is_null()) {
        return "unknown";
    }
    const json& value = run.at(place);
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The hashes of the programs that both runs used.
std::map<std::string, std::string> hashes_of(const json& run) {
    std::map<std::string, std::string> all;
    for (const json& each :
         run.is_object() ? run.value("runtimes", json::array()) : json::array()) {
        all[word_at(each, "/name")] = word_at(each, "/sha256");
    }
    return all;
}

std::vector<std::string> conditions_of(const json& before, const json& after) {
    constexpr std::pair<const char*, const char*> places[] = {
        {"machine", "/machine/fingerprint"},
        {"commit", "/regatta/commit"},
        {"version", "/regatta/version"},
        {"compiler", "/regatta/compiler"},
        {"compiler flags", "/regatta/compiler_flags"},
        {"build type", "/regatta/build_type"},
        {"kernel", "/machine/kernel"},
        {"placement", "/placement/mode"},
        {"governor", "/machine/governor"},
        {"mitigations", "/machine/mitigations"}};
    std::vector<std::string> all;
    for (const auto& [what, pointer] : places) {
        const std::string old_word = word_at(before, pointer);
        const std::string new_word = word_at(after, pointer);
        if (old_word == new_word) {
            continue;
        }
        constexpr std::size_t longest = 60;
        all.push_back(old_word.size() > longest || new_word.size() > longest
                          ? fmt::format("{}: not the same", what)
                          : fmt::format("{}: {} before, {} after", what, old_word, new_word));
    }
    const auto old_hashes = hashes_of(before);
    std::vector<std::string> identical;
    for (const auto& [name, hash] : hashes_of(after)) {
        const auto found = old_hashes.find(name);
        if (hash != "unknown" && found != old_hashes.end() && found->second == hash) {
            identical.push_back(name);
        }
    }
    if (!identical.empty()) {
        all.push_back(
            fmt::format("the program of {} is the same, byte by byte: what differs there "
                        "is chance, or the machine",
                        format::listing(identical)));
    }
    return all;
}

std::optional<std::string> obstacle_to_judging(const json& before, const json& after,
                                               bool across_machines) {
    const std::string old_machine = word_at(before, "/machine/fingerprint");
    const std::string new_machine = word_at(after, "/machine/fingerprint");
    if (across_machines || (old_machine == new_machine && old_machine != "unknown")) {
        return std::nullopt;
    }
    return fmt::format(
        "measured on different machines (fingerprints {} and {}): no verdicts; "
        "--across-machines judges all the same",
        old_machine, new_machine);
}

finding judge(const metric_difference& row, double tolerance) {
    if (!row.ratio || !row.ratio->range || !row.p_adjusted) {
        return finding::undecided;
    }
    const double bound = std::log1p(tolerance);
    const double change =
        std::log(row.ratio->value) * (format::more_is_better(row.metric) ? -1 : 1);
    if (*row.p_adjusted <= error_probability && std::abs(change) >= bound) {
        return change > 0 ? finding::worse : finding::better;
    }
    const bool is_within =
        std::log(row.ratio->range->low) > -bound && std::log(row.ratio->range->high) < bound;
    return is_within ? finding::same : finding::undecided;
}

void adjust(std::vector<metric_difference>& rows) {
    std::vector<double> p;
    for (const metric_difference& row : rows) {
        if (row.ratio && row.ratio->p) {
            p.push_back(*row.ratio->p);
        }
    }
    const std::vector<double> adjusted = stats::holm_adjusted(p);
    auto next = adjusted.begin();
    for (metric_difference& row : rows) {
        if (row.ratio && row.ratio->p) {
            row.p_adjusted = *next++;
        }
    }
}

void require_metric(const std::string& metric, const measured& before, const measured& after) {
    const auto has = [&](const measured& side) {
        return std::any_of(side.by_name.begin(), side.by_name.end(),
                           [&](const auto& each) { return each.second.metrics.contains(metric); });
    };
    if (!has(before) && !has(after)) {
        throw usage_failure(fmt::format(
            "--metric {}: neither file has it; results/FORMAT.md lists the metrics", metric));
    }
}

}  // namespace

std::string_view name_of(metric_difference::finding found) {
    switch (found) {
        case finding::worse:
            return "worse";
        case finding::better:
            return "better";
        case finding::same:
            return "same";
        case finding::undecided:
            return "undecided";
        case finding::not_judged:
            break;
    }
    return "not judged";
}

std::size_t record_difference::count(metric_difference::finding found) const {
    return static_cast<std::size_t>(std::count_if(
        rows.begin(), rows.end(), [found](const auto& row) { return row.found == found; }));
}

record_difference difference_of(const record_file& before, const record_file& after,
                                const difference_request& request) {
    const measured olds(before, request.filter);
    const measured news(after, request.filter);
    record_difference result;
    result.only_before = missing_from(news, olds.names);
    result.only_after = missing_from(olds, news.names);
    result.conditions = conditions_of(before.run, after.run);
    result.why_not_judged = obstacle_to_judging(before.run, after.run, request.across_machines);
    for (const std::string& metric : request.metrics) {
        require_metric(metric, olds, news);
    }
    const std::vector<std::string> metrics =
        request.metrics.empty()
            ? std::vector<std::string>(std::begin(usual_metrics), std::end(usual_metrics))
            : request.metrics;
    for (const std::string& metric : metrics) {
        for (const std::string& name : olds.names) {
            const auto found = news.by_name.find(name);
            if (found == news.by_name.end()) {
                continue;
            }
            const benchmark_summary& old_summary = olds.by_name.at(name);
            const benchmark_summary& new_summary = found->second;
            const bool is_set_by_schedule =
                metric == "throughput_per_s" && old_summary.mode == "open";
            const auto old_values = values_in(old_summary, metric);
            const auto new_values = values_in(new_summary, metric);
            if (is_set_by_schedule || (old_values.empty() && new_values.empty())) {
                continue;
            }
            result.rows.push_back({name, metric, old_summary.over_trials(metric),
                                   new_summary.over_trials(metric),
                                   stats::ratio_of_groups(old_values, new_values), std::nullopt,
                                   finding::not_judged});
        }
    }
    adjust(result.rows);
    if (!result.why_not_judged) {
        for (metric_difference& row : result.rows) {
            row.found = judge(row, request.tolerance);
        }
    }
    return result;
}

}  // namespace regatta
