#include <cmath>
#include <map>

#include "harness/record/export.hpp"

/// Google Benchmark's JSON, for its tools/compare.py. A trial is a repetition:
/// - `real_time` is the wall time per reply, 1 / throughput; in an open loop, where the schedule
/// sets
///   the throughput, the mean response time;
/// - `cpu_time` is the server's CPU time per reply;
/// - every other metric stands beside them as a counter.
/// A trial that lacks one of the times, or that is not valid, is an error of its benchmark, and has
/// no times: compare.py then leaves it out. So there is no NaN and no made-up 0.
namespace regatta {
namespace {

using nlohmann::json;

std::optional<double> number_at(const json& object, const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (found == object.end() || !found->is_number() || !std::isfinite(found->get<double>())) {
        return std::nullopt;
    }
    return found->get<double>();
}

json context_of(const json& run) {
    const json machine = run.is_object() ? run.value("machine", json::object()) : json::object();
    const json program = run.is_object() ? run.value("regatta", json::object()) : json::object();
    const bool is_release = program.value("build_type", "") == "Release";
    return {{"date", run.is_object() ? run.value("started_at", json()) : json()},
            {"executable", "regatta"},
            {"num_cpus", machine.value("cpus_online", json())},
            {"cpu_model", machine.value("cpu_model", json())},
            {"kernel", machine.value("kernel", json())},
            {"caches", json::array()},
            {"library_build_type", is_release ? "release" : "debug"},
            {"run_id", run.is_object() ? run.value("run_id", json()) : json()}};
}

std::optional<double> real_ns(const json& trial, const json& metrics) {
    if (trial.value("mode", json()) == "open") {
        return number_at(metrics, "latency_ns_mean");
    }
    const auto rate = number_at(metrics, "throughput_per_s");
    return rate && *rate > 0 ? std::optional(1e9 / *rate) : std::nullopt;
}

std::string why_without_times(const json& trial) {
    std::string text;
    for (const json& reason : trial.value("reasons", json::array())) {
        text += (text.empty() ? "" : "; ") + reason.get<std::string>();
    }
    return text.empty() ? "no CPU time or no rate was measured" : text;
}

json entry_of(const json& trial, int repetition) {
    const json metrics = trial.value("metrics", json());
    const auto name = trial.at("benchmark").get<std::string>();
    json entry{{"name", name},
               {"run_name", name},
               {"run_type", "iteration"},
               {"repetition_index", repetition},
               {"threads", 1}};
    const auto real = real_ns(trial, metrics);
    const auto cpu = number_at(metrics, "server_cpu_ns_per_op");
    if (trial.at("status") != "ok" || !real || !cpu) {
        entry["error_occurred"] = true;
        entry["error_message"] = why_without_times(trial);
        return entry;
    }
    const double replies =
        *number_at(metrics, "throughput_per_s") * trial.at("measured_ns").get<double>() / 1e9;
    entry["iterations"] = std::llround(replies);
    entry["real_time"] = *real;
    entry["cpu_time"] = *cpu;
    entry["time_unit"] = "ns";
    for (const auto& [metric, value] : metrics.items()) {
        if (number_at(metrics, metric.c_str())) {
            entry[metric] = value;
        }
    }
    return entry;
}

std::string write_gbench(const export_source& source) {
    json benchmarks = json::array();
    std::map<std::string, int> repetitions;
    for (const json& trial : source.trials) {
        const auto name = trial.at("benchmark").get<std::string>();
        benchmarks.push_back(entry_of(trial, repetitions[name]++));
    }
    for (json& entry : benchmarks) {
        entry["repetitions"] = repetitions[entry["run_name"].get<std::string>()];
    }
    const json whole{{"context", context_of(source.run)}, {"benchmarks", std::move(benchmarks)}};
    return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

const registered_format gbench_format({"gbench", "json",
                                       "Google Benchmark's JSON, for its compare.py", false, false,
                                       write_gbench});

}  // namespace
}  // namespace regatta
