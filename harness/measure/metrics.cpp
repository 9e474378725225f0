#include "harness/measure/metrics.hpp"

#include <array>
#include <utility>

namespace regatta {

nlohmann::json empty_metrics() {
    nlohmann::json metrics = nlohmann::json::object();
    for (const char* name : {"throughput_per_s",        "latency_ns_p50",
                             "latency_ns_p90",          "latency_ns_p99",
                             "latency_ns_p999",         "latency_ns_max",
                             "latency_ns_mean",         "server_cpu_ns_per_op",
                             "generator_cpu_ns_per_op", "rss_bytes_peak",
                             "pss_bytes_peak",          "pss_bytes_connected",
                             "context_switches_per_op", "error_count",
                             "cpu_set_ns_per_op",       "server_threads_running",
                             "server_threads_waiting",  "server_instructions_per_op",
                             "server_cycles_per_op",    "server_cache_misses_per_op",
                             "loop_lag_ns_p50",         "loop_lag_ns_p99",
                             "loop_lag_ns_max",         "private_bytes_peak"}) {
        metrics[name] = nullptr;
    }
    return metrics;
}

void set_latency_metrics(nlohmann::json& metrics, const censored_latency& latency) {
    constexpr std::array<std::pair<const char*, double>, 4> percentiles{
        {{"latency_ns_p50", 0.5},
         {"latency_ns_p90", 0.9},
         {"latency_ns_p99", 0.99},
         {"latency_ns_p999", 0.999}}};
    for (const auto& [name, fraction] : percentiles) {
        metrics[name] = json_or_null(percentile_of(latency, fraction).ns);
    }
    if (!latency.answered.empty() && latency.censored == 0) {
        metrics["latency_ns_max"] = latency.answered.max();
        metrics["latency_ns_mean"] = latency.answered.mean();
    }
}

}  // namespace regatta
