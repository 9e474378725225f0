#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "harness/measure/cache_distance.hpp"
#include "harness/measure/cpu_time.hpp"
#include "harness/measure/histogram_json.hpp"
#include "harness/measure/memory.hpp"
#include "harness/measure/metrics.hpp"
#include "harness/measure/resident_series.hpp"
#include "harness/measure/steady_state.hpp"
#include "harness/measure/validity.hpp"
#include "harness/server/generator_process.hpp"
#include "harness/server/open_loop_record.hpp"
#include "harness/server/server_process.hpp"
#include "harness/server/trial_kinds.hpp"

namespace regatta {
namespace {

using nlohmann::json;

// Ten samples a second disturb the CPUs for less than a thousandth of the time.
constexpr auto memory_period = std::chrono::milliseconds(100);

/// What is seen from outside while the load runs.
struct observation {
    json result;  ///< the generator's
    std::optional<std::uint64_t> pss_connected;
    std::optional<std::uint64_t> pss_measured;
    std::optional<std::uint64_t> rss_peak;
    std::optional<foreign_load> foreign;
    json memory_series;
};

observation put_under_load(const benchmark& arm, const trial_settings& settings,
                           const placement& placed, const server_process& server) {
    std::vector<int> cpus = placed.server_cpus;
    cpus.insert(cpus.end(), placed.generator_cpus.begin(), placed.generator_cpus.end());
    std::sort(cpus.begin(), cpus.end());
    cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());

    generator_process generator(arm, settings, placed, server.port(), server.pid(), server.voice());
    observation seen;
    generator.await_connected();
    seen.pss_connected = pss_bytes(server.pid());
    generator.begin();
    const foreign_load_meter meter(cpus, {server.pid(), generator.pid()});
    resident_series memory(server.pid(), memory_period);
    generator.await_measured();
    seen.memory_series = memory.stop();
    seen.foreign = meter.stop();
    seen.pss_measured = pss_bytes(server.pid());
    seen.rss_peak = rss_bytes_peak(server.pid());
    seen.result = generator.finish();
    return seen;
}

json metrics_of(const observation& seen, const censored_latency& latency,
                const client_counts& client, const json& server, const counters& counted) {
    const json& result = seen.result;
    const auto replies = result.at("replies_measured").get<double>();
    json metrics = empty_metrics();
    metrics["throughput_per_s"] = replies * 1e9 / result.at("measured_ns").get<double>();
    set_latency_metrics(metrics, latency);
    if (!result.at("server_cpu_ns").is_null()) {
        metrics["server_cpu_ns_per_op"] = result.at("server_cpu_ns").get<double>() / replies;
    }
    metrics["generator_cpu_ns_per_op"] = result.at("cpu_ns").get<double>() / replies;
    metrics["rss_bytes_peak"] = json_or_null(seen.rss_peak);
    metrics["pss_bytes_connected"] = json_or_null(seen.pss_connected);
    metrics["pss_bytes_peak"] = json_or_null(std::max(seen.pss_connected, seen.pss_measured));
    if (counted.requests != 0 && !server["context_switches_voluntary"].is_null()) {
        metrics["context_switches_per_op"] =
            (server["context_switches_voluntary"].get<double>() +
             server["context_switches_involuntary"].get<double>()) /
            static_cast<double>(counted.requests);
    }
    metrics["error_count"] = client.error_count();
    return metrics;
}

trial_evidence evidence_of(const benchmark& arm, const placement& placed, const observation& seen,
                           const censored_latency& latency, const counters& counted) {
    const json& result = seen.result;
    const auto window_ns = result.at("measured_ns").get<double>();
    trial_evidence evidence;
    evidence.client = client_counts_of(result);
    evidence.server = counted;
    evidence.window_s = window_ns / 1e9;
    evidence.replies_measured = result.at("replies_measured").get<std::uint64_t>();
    evidence.latency_s_mean = latency.answered.mean() / 1e9;
    evidence.mean_in_flight = result.at("mean_in_flight").get<double>();
    evidence.cut_in_flight = result.value("cut_in_flight", 0.0);
    evidence.connections = arm.connections;
    evidence.ceiling_per_s = arm.workload->ceiling_per_s(arm.values, arm.connections);
    evidence.generator_cpu_share = result.at("cpu_ns").get<double>() / window_ns;
    if (!result.at("server_cpu_ns").is_null()) {
        evidence.server_cpu_share = result.at("server_cpu_ns").get<double>() / window_ns /
                                    static_cast<double>(placed.server_cpus.size());
    }
    if (seen.foreign) {
        evidence.foreign_cpu_share = seen.foreign->cpu_share;
        evidence.steal_share = seen.foreign->steal_share;
    }
    evidence.shares_cpu = placed.is_shared;
    if (arm.is_open_loop()) {
        evidence.open = open_loop_evidence_of(arm, placed, result, latency);
        evidence.open->generator_cpu_share = evidence.generator_cpu_share;
    }
    return evidence;
}

void fill_figures(const benchmark& arm, const placement& placed, const observation& seen,
                  const counters& counted, trial_result& trial) {
    json& record = trial.record;
    const json& result = seen.result;
    const histogram answered = histogram_from_json(result.at("latency"));
    if (answered.empty() || result.at("measured_ns").get<std::int64_t>() <= 0) {
        throw trial_failure("not one reply came in the measured window");
    }
    censored_latency latency{answered, 0, std::nullopt};
    if (arm.is_open_loop()) {
        latency.censored = result.at("arrivals").at("censored").get<std::uint64_t>();
    }
    const trial_evidence evidence = evidence_of(arm, placed, seen, latency, counted);
    const verdict found = judge(evidence);
    for (const std::string& reason : found.reasons) {
        record["reasons"].push_back(reason);
    }
    for (const std::string& warning : found.warnings) {
        record["warnings"].push_back(warning);
    }
    trial.is_worth_repeating = found.is_transient && record["reasons"] == json(found.reasons);
    record["status"] = record["reasons"].empty() ? "ok" : "invalid";
    record["saturation"] = json_or_null(found.saturation);
    if (evidence.ceiling_per_s != no_ceiling) {
        record["ceiling_per_s"] = evidence.ceiling_per_s;
    }
    record["foreign_cpu_share"] = json_or_null(evidence.foreign_cpu_share);
    record["steal_share"] = json_or_null(evidence.steal_share);
    record["server"]["cpu_share"] = json_or_null(evidence.server_cpu_share);
    record["generator"] = {{"engine", result.at("engine")},
                           {"engine_note", result.value("engine_note", json())},
                           {"cpu_ns", result.at("cpu_ns")},
                           {"cpu_share", evidence.generator_cpu_share},
                           {"spin_ns", spin_of(arm, placed).count()},
                           {"threads", result.at("threads")}};
    record["latency"] = result.at("latency");
    record["latency_kind"] = result.at("latency_kind");
    record["measured_ns"] = result.at("measured_ns");
    record["warmup_ns"] = result.at("warmup_ns");
    record["intervals"] = result.at("intervals");
    record["memory_series"] = seen.memory_series;
    const steady_state steady =
        judge_steady_state(record["intervals"], record["measured_ns"].get<double>());
    record["steady_state"] = steady.record;
    for (const std::string& warning : steady.warnings) {
        record["warnings"].push_back(warning);
    }
    if (evidence.open) {
        record["open_loop"] = open_loop_record(arm, result, *evidence.open);
    }
    record["metrics"] = metrics_of(seen, latency, evidence.client, record["server"], counted);
}

/// How far apart the two sides' CPUs are now; nothing where they share one or are not pinned.
std::optional<double> distance_of(const placement& placed) {
    return placed.mode == placement_mode::split && !placed.is_shared
               ? cache_line_ns(placed.server_cpus.front(), placed.generator_cpus.front())
               : std::nullopt;
}

void fill_cache_distance(const placement& placed, const std::optional<double>& before_ns,
                         const std::optional<double>& after_ns, json& record) {
    if (!before_ns || !after_ns) {
        return;
    }
    const std::string_view before = cache_state(*before_ns);
    const bool has_changed = before != cache_state(*after_ns);
    record["cache_distance"] = {
        {"cpus", {placed.server_cpus.front(), placed.generator_cpus.front()}},
        {"before_ns", *before_ns},
        {"after_ns", *after_ns},
        {"state", has_changed ? "changed" : before}};
    if (has_changed) {
        record["warnings"].push_back(
            fmt::format("the way between the server's and the generator's CPU changed: a cache "
                        "line took {:.0f} "
                        "ns before the trial and {:.0f} ns after it",
                        *before_ns, *after_ns));
    }
}

}  // namespace

void run_server_trial(const benchmark& arm, const trial_settings& settings, trial_result& trial) {
    json& record = trial.record;
    const placement placed = place(settings.placement, settings.cpus, arm.workers, true);
    record["placement"] = to_json(placed);
    if (placed.mode == placement_mode::split && placed.is_shared) {
        record["warnings"].push_back(
            "the server and the generator share a CPU: there are too few for split placement");
    }
    const std::optional<double> before_ns = distance_of(placed);
    server_process server(arm, settings.rounds_per_us, placed.server_cpus);
    record["effective"] = server.effective();
    for (const json& note : server.notes()) {
        record["warnings"].push_back(note);
    }
    std::optional<observation> seen;
    std::optional<std::string> failed;
    try {
        seen = put_under_load(arm, settings, placed, server);
    } catch (const trial_failure& reason) {
        failed = reason.what();
    }
    const std::optional<std::string> complaint = server.stop();
    fill_cache_distance(placed, before_ns, distance_of(placed), record);
    record["server"] = server.record();
    if (failed) {
        throw trial_failure(*failed);
    }
    record["client"] = seen->result.at("client");
    if (complaint) {
        record["reasons"].push_back(*complaint);
    }
    fill_figures(arm, placed, *seen, server.counted(), trial);
}

}  // namespace regatta
