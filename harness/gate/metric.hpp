#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace regatta::gate {

/// A metric of the trial record that the gate can judge.
struct metric {
    std::string_view field;  ///< in results/FORMAT.md
    std::string_view word;   ///< how the command line and tables call it
    double tolerance;        ///< how much worse is still no regression, as a share
    /// Whether it stands on pairs that other programs disturbed: CPU time, the median and memory
    /// do, rates and tails do not.
    bool is_robust;
};

inline constexpr std::array<metric, 5> metrics{{
    {"server_cpu_ns_per_op", "cpu", 0.05, true},
    {"latency_ns_p50", "p50", 0.05, true},
    {"throughput_per_s", "rate", 0.05, false},
    {"latency_ns_p99", "p99", 0.10, false},
    {"rss_bytes_peak", "memory", 0.03, true},
}};

/// The metric that `name` means, by word or field; null when there is none.
const metric* find_metric(std::string_view name);

/// "cpu, p50, ...": for messages.
std::string metric_words();

/// The metric's value in a trial record; nothing where it is null or not above 0.
std::optional<double> value_of(const nlohmann::json& trial, std::string_view field);

/// How much worse `head` is than `base` on the logarithm: above 0 is slower or larger, for rates
/// lower. Nothing where one of them has no value.
std::optional<double> log_worsening(const nlohmann::json& base, const nlohmann::json& head,
                                    std::string_view field);

}  // namespace regatta::gate
