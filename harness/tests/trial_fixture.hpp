#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/measure/histogram.hpp"
#include "harness/measure/histogram_json.hpp"

/// Synthetic trial records for the tests of tables, comparisons and reports.
namespace regatta::fixture {

struct trial_options {
    std::string runtime = "asio";
    int round = 0;
    double rate = 100'000;
    std::uint64_t latency_ns = 500'000;  ///< the middle of the latencies
    std::string workload = "echo";
    std::string parameters = "size:64/connections:50/workers:1";
    std::uint64_t samples = 100'000;
};

/// "size:64/connections:50" as an object of numbers.
inline nlohmann::json params_of(const std::string& parameters) {
    nlohmann::json params = nlohmann::json::object();
    for (std::size_t at = 0; at < parameters.size();) {
        const std::size_t end = std::min(parameters.find('/', at), parameters.size());
        const std::size_t colon = parameters.find(':', at);
        params[parameters.substr(at, colon - at)] =
            std::stoll(parameters.substr(colon + 1, end - colon - 1));
        at = end + 1;
    }
    return params;
}

inline nlohmann::json metric(const std::optional<std::uint64_t>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
}

/// A trial whose latencies run evenly from half to one and a half of `latency_ns`.
inline nlohmann::json ok_trial(const trial_options& options) {
    histogram latency;
    for (std::uint64_t i = 0; i < options.samples; ++i) {
        latency.record(options.latency_ns / 2 + options.latency_ns * i / options.samples);
    }
    const nlohmann::json metrics{{"throughput_per_s", options.rate},
                                 {"latency_ns_p50", metric(latency.percentile(0.5))},
                                 {"latency_ns_p99", metric(latency.percentile(0.99))},
                                 {"latency_ns_p999", metric(latency.percentile(0.999))},
                                 {"server_cpu_ns_per_op", 1e9 / options.rate},
                                 {"pss_bytes_peak", 4 << 20},
                                 {"error_count", 0}};
    return {{"record", "trial"},
            {"schema", 1},
            {"trial", options.round},
            {"round", options.round},
            {"benchmark", options.workload + "/" + options.runtime + "/" + options.parameters},
            {"workload", options.workload},
            {"runtime", options.runtime},
            {"kind", "server"},
            {"params", params_of(options.parameters)},
            {"status", "ok"},
            {"reasons", nlohmann::json::array()},
            {"warnings", nlohmann::json::array()},
            {"mode", "closed"},
            {"latency_kind", "service"},
            {"metrics", metrics},
            {"latency", to_json(latency)},
            {"saturation", "server-bound"},
            {"client", {{"errors", {{"reset", 0}, {"timeout", 0}}}}}};
}

/// The same in an open loop: response = `latency_ns`, of which half is service, and so on record.
inline nlohmann::json open_trial(const trial_options& options) {
    nlohmann::json trial = ok_trial(options);
    trial_options half = options;
    half.latency_ns /= 2;
    trial_options lag = options;
    lag.latency_ns /= 50;
    trial["mode"] = "open";
    trial["latency_kind"] = "response";
    trial["saturation"] = "rate-limited";
    trial["open_loop"] = {{"service", ok_trial(half)["latency"]},
                          {"own_lag", ok_trial(lag)["latency"]},
                          {"censored", 0},
                          {"censored_ns_min", nullptr}};
    return trial;
}

inline nlohmann::json failed_trial(const trial_options& options, const std::string& reason) {
    nlohmann::json trial = ok_trial(options);
    trial["status"] = "failed";
    trial["reasons"] = {reason};
    trial["metrics"] = nullptr;
    trial["latency"] = nullptr;
    trial["saturation"] = nullptr;
    trial["client"] = nullptr;
    return trial;
}

inline nlohmann::json invalid_trial(const trial_options& options, const std::string& reason) {
    nlohmann::json trial = ok_trial(options);
    trial["status"] = "invalid";
    trial["reasons"] = {reason};
    return trial;
}

inline nlohmann::json job_trial(trial_options options) {
    options.workload = "hash";
    options.parameters = "block_bytes:65536/blocks:64/workers:1";
    nlohmann::json trial = ok_trial(options);
    trial["kind"] = "job";
    trial["mode"] = nullptr;
    trial["latency_kind"] = "iteration";
    trial["client"] = nullptr;
    trial["metrics"]["error_count"] = nullptr;
    return trial;
}

/// One ok trial of `runtime` for each rate, in rounds 0, 1, ...
inline void add_rounds(std::vector<nlohmann::json>& trials, trial_options options,
                       const std::vector<double>& rates) {
    for (std::size_t round = 0; round < rates.size(); ++round) {
        options.round = static_cast<int>(round);
        options.rate = rates[round];
        trials.push_back(ok_trial(options));
    }
}

}  // namespace regatta::fixture
