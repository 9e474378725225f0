#include "harness/server/trial.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/chrono.h>

#include "harness/failure.hpp"
#include "harness/measure/metrics.hpp"
#include "harness/server/trial_kinds.hpp"

namespace regatta {
namespace {

using nlohmann::json;

json mode_of(const benchmark& arm) {
    return !arm.is_server() ? json() : arm.is_open_loop() ? "open" : "closed";
}

json blank_record(const benchmark& arm) {
    json record{{"benchmark", arm.name()},         {"workload", arm.workload->name},
                {"runtime", arm.runtime->name},    {"kind", kind_name(arm.workload->kind)},
                {"params", arm.parameters_json()}, {"status", "failed"},
                {"reasons", json::array()},        {"warnings", json::array()},
                {"started_at", time_now()},        {"mode", mode_of(arm)}};
    for (const char* field :
         {"placement",   "effective",     "measured_ns",   "warmup_ns",    "metrics",
          "latency",     "latency_kind",  "ceiling_per_s", "saturation",   "foreign_cpu_share",
          "steal_share", "client",        "server",        "generator",    "open_loop",
          "intervals",   "memory_series", "stall",         "steady_state", "cache_distance",
          "cpu_set",     "apart",         "answer",        "job",          "ranks"}) {
        record[field] = nullptr;
    }
    return record;
}

}  // namespace

placement place_trial(const benchmark& arm, const trial_settings& settings) {
    const std::int64_t threads =
        settings.ranks.are_elsewhere()
            ? 0
            : settings.generator_threads * std::max<std::int64_t>(settings.ranks.count, 1);
    return place(settings.placement, settings.cpus, arm.workers, threads);
}

std::string time_now() {
    const auto now = std::chrono::system_clock::now();
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) % 1000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                       milliseconds.count());
}

trial_result run_trial(const benchmark& arm, const trial_settings& settings) {
    trial_result trial{blank_record(arm)};
    json& record = trial.record;
    try {
        if (!arm.runtime->is_available()) {
            throw trial_failure(arm.runtime->reason);
        }
        if (arm.is_open_loop() && arm.offered_per_s() == 0) {
            throw trial_failure(
                "its closed-loop rate is not known, so its load cannot be a share of it");
        }
        if (arm.is_server()) {
            run_server_trial(arm, settings, trial);
        } else {
            run_job_trial(arm, settings, trial);
        }
    } catch (const trial_failure& reason) {
        record["reasons"].push_back(reason.what());
    } catch (const failure& reason) {
        record["reasons"].push_back(reason.what());
    } catch (const json::exception& error) {
        record["reasons"].push_back(fmt::format("a result line is wrong: {}", error.what()));
    }
    if (!record["reasons"].empty() && record["status"] != "invalid") {
        record["status"] = "failed";
        record["metrics"] = record["latency"] = nullptr;
    }
    return trial;
}

}  // namespace regatta
