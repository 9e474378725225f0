#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/measure/censoring.hpp"
#include "harness/measure/histogram.hpp"
#include "harness/stats/interval.hpp"
#include "harness/stats/paired.hpp"

namespace regatta {

/// The replies that a workload sets apart, of the ok trials, and the others' latencies, merged.
struct apart_summary {
    std::string which;  ///< "refused"
    std::uint64_t count = 0;
    histogram others;
};

/// Fields of a trial's `apart` that are metrics like those of `metrics`.
inline constexpr const char* apart_metrics[] = {"others_latency_ns_p50", "others_latency_ns_p99"};

/// What all trials of one benchmark in one run say together.
struct benchmark_summary {
    std::string run_id;     ///< empty where the trials carry none
    std::string benchmark;  ///< "echo/asio/size:64/connections:50"
    std::string group;      ///< what it shares with its rivals: "echo/size:64/connections:50"
    std::string workload;
    std::string runtime;
    std::string
        label;         ///< the runtime and its own settings: "thread" or "thread/stack_bytes:16384"
    std::string mode;  ///< "closed", "open" or, for a job, empty
    std::string latency_kind;  ///< "service", "response" or "iteration"
    nlohmann::json params = nlohmann::json::object();

    std::size_t ok = 0;
    std::size_t invalid = 0;
    std::size_t failed = 0;

    /// Each metric's value by round, of the ok trials that have it; apart_metrics too.
    std::map<std::string, std::map<std::int64_t, double>, std::less<>> metrics;
    /// By round, how far apart the CPUs were in it ("near", "far", "changed"); without where that
    /// does not matter.
    std::map<std::int64_t, std::string> cache_states;
    /// The ok trials' latencies, merged.
    histogram latency;
    /// The ok trials' requests that were never answered, and the least that one of them had waited.
    std::uint64_t censored = 0;
    std::optional<std::uint64_t> censored_ns_min;
    /// Only of open-loop trials, the ok ones' merged: from the send to the last byte, and what the
    /// generator was late by itself.
    histogram service;
    histogram own_lag;
    /// Only of workloads that set replies apart.
    std::optional<apart_summary> apart;
    /// Errors by kind, of every trial that counted them; of a job, its wrong answers.
    std::optional<std::map<std::string, std::uint64_t>> errors;
    /// How many of the ok trials got which saturation verdict.
    std::map<std::string, std::size_t, std::less<>> saturation;
    /// What the trials say of themselves, in their order: "invalid", "failed" or "warning", and the
    /// sentence.
    std::vector<std::pair<std::string, std::string>> remarks;

    /// The latencies with those that are only known to be long.
    censored_latency latency_with_censored() const { return {latency, censored, censored_ns_min}; }

    std::size_t trials() const { return ok + invalid + failed; }

    /// Median and interval of `metric` over the ok trials.
    stats::estimate over_trials(std::string_view metric) const;

    /// The metric that ranks: p99 in open-loop mode, where the schedule sets the rate; else the
    /// rate.
    std::string_view ranking_metric() const;

    /// Whether more than half of the ok trials were held back by something else than the server:
    /// then the rate is not the runtime's. The verdict ("generator-bound", "rate-limited"), or
    /// empty.
    std::string_view limited_by() const;
};

/// Groups trial records (results/FORMAT.md) by run and benchmark, in the order of group, mode, run
/// and runtime. A trial may carry `run_id`, put there by who reads several files. Throws
/// std::runtime_error naming the trial where a record lacks what the format promises.
std::vector<benchmark_summary> summarise_trials(const std::vector<nlohmann::json>& trials);

/// Whether two trials of a round, by how far apart the CPUs were in each, may be compared. Empty:
/// it did not matter, as one CPU served both sides or the server had all.
bool is_same_cache_state(std::string_view a, std::string_view b);

/// The ratio a / b of `metric` over the rounds in which both have it and the way between the CPUs
/// was the same; nothing for different runs.
std::optional<stats::paired_ratio> ratio_of(const benchmark_summary& a, const benchmark_summary& b,
                                            std::string_view metric);

}  // namespace regatta
