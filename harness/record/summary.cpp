#include "harness/record/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

#include "harness/measure/histogram_json.hpp"
#include "harness/record/format.hpp"

namespace regatta {
namespace {

using nlohmann::json;

/// The string at `key`, empty where it is absent or null.
std::string text_at(const json& record, const char* key) {
    const auto found = record.find(key);
    return found == record.end() || found->is_null() ? "" : found->get<std::string>();
}

/// Splits a benchmark's name into what it shares with its rivals and what is the runtime's own: its
/// name, and its settings, which stand behind `workers` (harness/plan/benchmark.hpp).
void split_name(const std::string& benchmark, benchmark_summary& summary) {
    const auto slash_after = [&benchmark](std::size_t at) {
        return std::min(benchmark.find('/', at), benchmark.size());
    };
    const std::size_t runtime = slash_after(0);
    const std::size_t shared = slash_after(runtime + 1);
    const std::size_t workers = benchmark.find("/workers:", shared);
    const std::size_t own =
        workers == std::string::npos ? benchmark.size() : slash_after(workers + 1);
    summary.group = benchmark.substr(0, runtime) + benchmark.substr(shared, own - shared);
    summary.label = summary.runtime + benchmark.substr(own);
}

void add_remarks(benchmark_summary& summary, const json& trial, const std::string& status) {
    for (const auto& [key, kind] : {std::pair{"reasons", status}, {"warnings", "warning"}}) {
        for (const json& sentence : trial.value(key, json::array())) {
            summary.remarks.emplace_back(kind, sentence.get<std::string>());
        }
    }
}

/// Of a job: nobody counts its errors, but its answer is right or wrong.
void add_wrong_answer(benchmark_summary& summary, const json& trial) {
    const auto metrics = trial.find("metrics");
    const json count = metrics == trial.end() || metrics->is_null()
                           ? json()
                           : metrics->value("error_count", json());
    if (count.is_number()) {
        summary.errors = summary.errors.value_or(std::map<std::string, std::uint64_t>());
        (*summary.errors)["wrong answer"] += count.get<std::uint64_t>();
    }
}

void add_errors(benchmark_summary& summary, const json& trial) {
    const auto client = trial.find("client");
    if (client == trial.end() || client->is_null()) {
        add_wrong_answer(summary, trial);
        return;
    }
    if (!summary.errors) {
        summary.errors.emplace();
    }
    const json errors = client->value("errors", json::object());
    for (const auto& [kind, count] : errors.items()) {
        (*summary.errors)[kind] += count.get<std::uint64_t>();
    }
}

void add_open_loop(benchmark_summary& summary, const json& open_loop) {
    for (const auto& [name, merged] :
         {std::pair{"service", &summary.service}, {"own_lag", &summary.own_lag}}) {
        if (const auto found = open_loop.find(name); found != open_loop.end()) {
            merged->merge(histogram_from_json(*found));
        }
    }
    const auto count = open_loop.at("censored").get<std::uint64_t>();
    if (count == 0) {
        return;
    }
    summary.censored += count;
    const auto least = open_loop.at("censored_ns_min").get<std::uint64_t>();
    summary.censored_ns_min = std::min(summary.censored_ns_min.value_or(least), least);
}

void add_apart(benchmark_summary& summary, const json& apart, std::int64_t round) {
    if (!summary.apart) {
        summary.apart.emplace();
        summary.apart->which = apart.at("which").get<std::string>();
    }
    summary.apart->count += apart.at("count").get<std::uint64_t>();
    summary.apart->others.merge(histogram_from_json(apart.at("others")));
    for (const char* const name : apart_metrics) {
        if (const json value = apart.value(name, json()); value.is_number()) {
            summary.metrics[name].emplace(round, value.get<double>());
        }
    }
}

void add_figures(benchmark_summary& summary, const json& trial) {
    const auto round = trial.at("round").get<std::int64_t>();
    if (const auto way = trial.find("cache_distance"); way != trial.end() && !way->is_null()) {
        summary.cache_states[round] = way->at("state").get<std::string>();
    }
    for (const auto& [name, value] : trial.at("metrics").items()) {
        if (value.is_number()) {
            summary.metrics[name].emplace(round, value.get<double>());
        }
    }
    if (const auto latency = trial.find("latency"); latency != trial.end() && !latency->is_null()) {
        summary.latency.merge(histogram_from_json(*latency));
    }
    if (const auto open = trial.find("open_loop"); open != trial.end() && !open->is_null()) {
        add_open_loop(summary, *open);
    }
    if (const auto apart = trial.find("apart"); apart != trial.end() && !apart->is_null()) {
        add_apart(summary, *apart, round);
    }
    if (const std::string verdict = text_at(trial, "saturation"); !verdict.empty()) {
        ++summary.saturation[verdict];
    }
}

void add_trial(benchmark_summary& summary, const json& trial) {
    if (summary.trials() == 0) {
        summary.run_id = text_at(trial, "run_id");
        summary.benchmark = trial.at("benchmark").get<std::string>();
        summary.workload = trial.at("workload").get<std::string>();
        summary.runtime = trial.at("runtime").get<std::string>();
        split_name(summary.benchmark, summary);
        summary.params = trial.value("params", json::object());
    }
    if (summary.mode.empty()) {
        summary.mode = text_at(trial, "mode");
    }
    if (summary.latency_kind.empty()) {
        summary.latency_kind = text_at(trial, "latency_kind");
    }
    const auto status = trial.at("status").get<std::string>();
    if (status == "ok") {
        ++summary.ok;
        add_figures(summary, trial);
    } else {
        ++(status == "invalid" ? summary.invalid : summary.failed);
    }
    add_remarks(summary, trial, status);
    add_errors(summary, trial);
}

bool comes_before(const benchmark_summary& a, const benchmark_summary& b) {
    if (a.group != b.group) {
        return format::natural_less(a.group, b.group);
    }
    if (std::tie(a.mode, a.run_id) != std::tie(b.mode, b.run_id)) {
        return std::tie(a.mode, a.run_id) < std::tie(b.mode, b.run_id);
    }
    return a.runtime != b.runtime ? format::runtime_less(a.runtime, b.runtime)
                                  : format::natural_less(a.label, b.label);
}

/// Whether the CPUs were equally far apart in both trials of a round. Where one does not know, the
/// question does not arise.
bool share_cache_state(const benchmark_summary& a, const benchmark_summary& b, std::int64_t round) {
    const auto in_a = a.cache_states.find(round);
    const auto in_b = b.cache_states.find(round);
    return in_a == a.cache_states.end() || in_b == b.cache_states.end() ||
           is_same_cache_state(in_a->second, in_b->second);
}

}  // namespace

bool is_same_cache_state(std::string_view a, std::string_view b) {
    return a.empty() || b.empty() || (a == b && a != "changed");
}

stats::estimate benchmark_summary::over_trials(std::string_view metric) const {
    std::vector<double> values;
    if (const auto found = metrics.find(metric); found != metrics.end()) {
        for (const auto& [round, value] : found->second) {
            values.push_back(value);
        }
    }
    return stats::summarise(values);
}

std::string_view benchmark_summary::ranking_metric() const {
    return mode == "open" ? "latency_ns_p99" : "throughput_per_s";
}

std::string_view benchmark_summary::limited_by() const {
    for (const std::string_view verdict : {"generator-bound", "rate-limited"}) {
        const auto found = saturation.find(verdict);
        if (found != saturation.end() && 2 * found->second > ok) {
            return found->first;
        }
    }
    return {};
}

std::vector<benchmark_summary> summarise_trials(const std::vector<json>& trials) {
    std::map<std::tuple<std::string, std::string>, benchmark_summary> found;
    for (const json& trial : trials) {
        try {
            add_trial(found[{text_at(trial, "run_id"), trial.at("benchmark").get<std::string>()}],
                      trial);
        } catch (const std::exception& error) {
            const json number = trial.is_object() ? trial.value("trial", json()) : json();
            throw std::runtime_error(fmt::format("trial {}: {}", number.dump(), error.what()));
        }
    }
    std::vector<benchmark_summary> result;
    result.reserve(found.size());
    for (auto& [key, summary] : found) {
        result.push_back(std::move(summary));
    }
    std::sort(result.begin(), result.end(), comes_before);
    return result;
}

std::optional<stats::paired_ratio> ratio_of(const benchmark_summary& a, const benchmark_summary& b,
                                            std::string_view metric) {
    const auto in_a = a.metrics.find(metric);
    const auto in_b = b.metrics.find(metric);
    if (a.run_id != b.run_id || in_a == a.metrics.end() || in_b == b.metrics.end()) {
        return std::nullopt;
    }
    std::vector<std::pair<double, double>> rounds;
    for (const auto& [round, value] : in_a->second) {
        const auto other = in_b->second.find(round);
        if (other != in_b->second.end() && share_cache_state(a, b, round)) {
            rounds.emplace_back(value, other->second);
        }
    }
    return stats::ratio_of_rounds(rounds);
}

}  // namespace regatta
