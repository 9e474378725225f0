#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/measure/cpu_time.hpp"
#include "harness/measure/histogram_json.hpp"
#include "harness/measure/memory.hpp"
#include "harness/measure/metrics.hpp"
#include "harness/measure/validity.hpp"
#include "harness/server/arguments.hpp"
#include "harness/server/ending_record.hpp"
#include "harness/server/trial_kinds.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

struct peak_memory {
    mapped_memory mapped;
    std::optional<std::uint64_t> rss;
};

/// Waits for the first line of `job` and samples its memory meanwhile: afterwards it is gone.
peak_memory watch_memory(child_process& job, clock_type::time_point deadline) {
    constexpr auto period = 100ms;
    peak_memory peak;
    for (;;) {
        const auto next = std::min(deadline, clock_type::now() + period);
        const auto has_news = [&] { return job.has_line() || job.has_ended(); };
        const wait_result result = wait_until({&job}, next, true, has_news);
        peak.mapped = peak.mapped.larger(read_mapped_memory(job.pid()));
        peak.rss = std::max(peak.rss, rss_bytes_peak(job.pid()));
        if (result == wait_result::satisfied || clock_type::now() >= deadline) {
            return peak;
        }
    }
}

/// The workload's right answer, computed once for each set of values.
const std::string& expected_answer(const benchmark& arm) {
    static std::map<std::string, std::string> known;
    std::string key = arm.workload->name;
    for (std::size_t i = 0; i < arm.workload->parameters.size(); ++i) {
        key += fmt::format("/{}", arm.values[i]);
    }
    const auto found = known.find(key);
    return found != known.end()
               ? found->second
               : known.emplace(key, arm.workload->expected_answer(arm.values)).first->second;
}

json metrics_of(const json& result, const histogram& latency, const peak_memory& peak) {
    json metrics = empty_metrics();
    const double units =
        result.at("iterations").get<double>() * result.at("units_per_iteration").get<double>();
    metrics["throughput_per_s"] = units * 1e9 / result.at("wall_ns").get<double>();
    metrics["server_cpu_ns_per_op"] = result.at("cpu_ns").get<double>() / units;
    set_latency_metrics(metrics, {latency, 0, {}});
    metrics["rss_bytes_peak"] = json_or_null(peak.rss);
    metrics["pss_bytes_peak"] = json_or_null(peak.mapped.pss);
    metrics["private_bytes_peak"] = json_or_null(peak.mapped.private_memory);
    return metrics;
}

/// A runtime may not claim a million tasks and create a thousand.
void check_units(const benchmark& arm, const json& result, json& record) {
    if (arm.workload->expected_units == nullptr) {
        return;
    }
    const unit_count wanted = arm.workload->expected_units(arm.values, arm.workers);
    const auto created = result.at("tasks_created").get<std::uint64_t>();
    const auto live = result.at("tasks_live_peak").get<std::uint64_t>();
    if (created != wanted.created || live < wanted.live_peak) {
        record["reasons"].push_back(
            fmt::format("it counted {} tasks, {} of them at once; there must be {}, and {} at once",
                        created, live, wanted.created, wanted.live_peak));
    }
}

/// How the iterations were timed and what was counted in them (results/FORMAT.md).
json job_record(const json& result) {
    json job;
    for (const char* field : {"iterations", "units_per_iteration", "iterations_per_sample",
                              "clock_ns", "tasks_created", "tasks_live_peak"}) {
        job[field] = result.value(field, json());
    }
    job["samples"] = nullptr;
    if (const json samples = result.value("samples", json()); samples.is_object()) {
        const histogram values = histogram_from_json(samples.at("histogram"));
        job["samples"] = {{"name", samples.at("name")},
                          {"ns_p50", json_or_null(values.percentile(0.5))},
                          {"ns_p99", json_or_null(values.percentile(0.99))},
                          {"ns_max", values.empty() ? json() : json(values.max())},
                          {"histogram", samples.at("histogram")}};
    }
    return job;
}

/// What others took of its CPUs: a warning, or with `is_refused` a reason like a server trial's.
void judge_machine(const foreign_load& foreign, bool is_refused, trial_result& trial) {
    json& record = trial.record;
    record["foreign_cpu_share"] = foreign.cpu_share;
    record["steal_share"] = foreign.steal_share;
    const auto disturbed = disturbances(foreign.cpu_share, foreign.steal_share);
    trial.is_machine_busy = is_refused && !disturbed.empty();
    trial.is_worth_repeating = trial.is_machine_busy && record["reasons"].empty();
    json& sentences = record[trial.is_machine_busy ? "reasons" : "warnings"];
    for (const auto& each : trial.is_machine_busy ? refusals_of(disturbed) : disturbed) {
        sentences.push_back(each);
    }
}

void fill_figures(const benchmark& arm, const trial_settings& settings, const json& result,
                  const peak_memory& peak, const std::optional<foreign_load>& foreign,
                  trial_result& trial) {
    json& record = trial.record;
    const histogram latency = histogram_from_json(result.at("latency"));
    if (latency.empty() || result.at("iterations").get<std::uint64_t>() == 0 ||
        result.at("units_per_iteration").get<std::uint64_t>() == 0 ||
        result.at("wall_ns").get<std::int64_t>() <= 0) {
        throw trial_failure("the job measured no iteration");
    }
    record["answer"] = result.at("answer");
    if (result.at("answer") != expected_answer(arm)) {
        record["reasons"].push_back(fmt::format("the answer is wrong: {}, and {} is right",
                                                excerpt(result.at("answer").dump()),
                                                expected_answer(arm)));
    }
    check_units(arm, result, record);
    const bool is_right = record["reasons"].empty();
    if (foreign) {
        judge_machine(*foreign, settings.refuses_busy_machine, trial);
    }
    record["status"] = record["reasons"].empty() ? "ok" : "invalid";
    record["latency"] = result.at("latency");
    record["latency_kind"] = "iteration";
    record["job"] = job_record(result);
    record["measured_ns"] = result.at("wall_ns");
    record["metrics"] = metrics_of(result, latency, peak);
    record["metrics"]["error_count"] = is_right ? 0 : 1;
}

}  // namespace

void run_job_trial(const benchmark& arm, const trial_settings& settings, trial_result& trial) {
    json& record = trial.record;
    const placement placed = place(settings.placement, settings.cpus, arm.workers, 0);
    record["placement"] = to_json(placed);
    // Warm-up and one long iteration come on top of the measured time.
    const std::chrono::nanoseconds longest = settings.measure * 3 + 60s;
    std::vector<std::string> command = contract_command(arm, "job", settings.rounds_per_us);
    command.insert(
        command.end(),
        {"--min-time", fmt::format("{}", std::chrono::duration<double>(settings.measure).count())});
    child_process job({std::move(command), arm.runtime->folder, placed.server_cpus});
    const speaker voice{job, "the job"};
    const foreign_load_meter meter(placed.server_cpus, {job.pid()});
    const auto deadline = clock_type::now() + longest;
    const peak_memory peak = watch_memory(job, deadline);
    const std::optional<foreign_load> foreign = meter.stop();
    const json result = await_event(voice, "result", deadline);
    record["effective"] = result.at("effective");
    if (const auto found =
            effective_difference(arm, settings.rounds_per_us, result.at("effective"))) {
        throw trial_failure("the job is not what was asked for: " + *found);
    }
    wait_until({&job}, clock_type::now() + 5s, true, [&] { return job.has_ended(); });
    job.kill();
    record["server"] = {{"counters", nullptr},
                        {"aborted_sessions", nullptr},
                        {"injected", result.value("injected", json())},
                        {"notes", result.value("notes", std::vector<std::string>())},
                        {"cpu_share", nullptr}};
    record["server"].update(ending_record(job));
    if (!job.ending().is_success()) {
        throw trial_failure(describe_end(voice) + " after its result");
    }
    for (const auto& note : record["server"]["notes"]) {
        record["warnings"].push_back(note);
    }
    fill_figures(arm, settings, result, peak, foreign, trial);
}

}  // namespace regatta
