#include <algorithm>
#include <memory>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "harness/measure/cache_distance.hpp"
#include "harness/measure/histogram_json.hpp"
#include "harness/measure/memory.hpp"
#include "harness/measure/metrics.hpp"
#include "harness/measure/resident_series.hpp"
#include "harness/measure/stall.hpp"
#include "harness/measure/steady_state.hpp"
#include "harness/measure/validity.hpp"
#include "harness/plan/arrival_pattern.hpp"
#include "harness/server/generator_process.hpp"
#include "harness/server/open_loop_record.hpp"
#include "harness/server/server_process.hpp"
#include "harness/server/trial_kinds.hpp"
#include "harness/server/window_watch.hpp"

namespace regatta {
namespace {

using nlohmann::json;

// Ten samples a second disturb the CPUs for less than a thousandth of the time.
constexpr auto memory_period = std::chrono::milliseconds(100);

/// What is seen from outside while the load runs.
struct observation {
    json result;  ///< the generator's
    mapped_memory mapped_connected;
    mapped_memory mapped_measured;
    std::optional<std::uint64_t> rss_peak;
    json memory_series;
    std::unique_ptr<window_watch> window;
};

/// Of a server and those that it has started.
mapped_memory mapped_by(pid_t server, const std::vector<pid_t>& helpers) {
    mapped_memory sum = read_mapped_memory(server);
    for (const pid_t each : helpers) {
        if (const mapped_memory more = read_mapped_memory(each); more.pss) {  // else it has ended
            sum = sum + more;
        }
    }
    return sum;
}

/// In the window; nothing where the generator could not read it.
std::optional<double> server_cpu_ns(const observation& seen) {
    const json& own = seen.result.at("server_cpu_ns");
    return own.is_null() ? std::nullopt
                         : std::optional(own.get<double>() +
                                         static_cast<double>(seen.window->helpers_cpu_ns()));
}

observation put_under_load(const benchmark& arm, const trial_settings& settings,
                           const placement& placed, const served_at& server,
                           std::optional<pid_t> backend) {
    std::vector<int> cpus = placed.server_cpus;
    cpus.insert(cpus.end(), placed.generator_cpus.begin(), placed.generator_cpus.end());
    generator_process generator(arm, settings, placed, server);
    observation seen;
    generator.await_connected();
    seen.window =
        std::make_unique<window_watch>(server.pid, generator.pids(), backend, std::move(cpus));
    if (server.pid) {
        seen.mapped_connected = mapped_by(*server.pid, seen.window->helpers());
    }
    generator.begin();
    seen.window->begin();
    std::optional<resident_series> memory;
    if (server.pid) {
        try {
            memory.emplace(*server.pid, memory_period);
        } catch (const std::system_error& error) {  // the server may have taken the last thread
            throw trial_failure(fmt::format("no thread is left to watch the server's memory: {}",
                                            error.code().message()));
        }
    }
    generator.await_window_end();
    seen.window->end();
    generator.await_measured();
    if (server.pid) {
        seen.memory_series = memory->stop();
        seen.mapped_measured = mapped_by(*server.pid, seen.window->helpers());
        seen.rss_peak = rss_bytes_peak(*server.pid);
    }
    seen.result = generator.finish();
    return seen;
}

json metrics_of(const observation& seen, const censored_latency& latency,
                const client_counts& client, const json& server,
                const std::optional<counters>& counted) {
    const json& result = seen.result;
    const auto replies = result.at("replies_measured").get<double>();
    json metrics = empty_metrics();
    metrics["throughput_per_s"] = replies * 1e9 / result.at("measured_ns").get<double>();
    set_latency_metrics(metrics, latency);
    if (const auto cpu_ns = server_cpu_ns(seen)) {
        metrics["server_cpu_ns_per_op"] = *cpu_ns / replies;
    }
    metrics["generator_cpu_ns_per_op"] = result.at("cpu_ns").get<double>() / replies;
    metrics["rss_bytes_peak"] = json_or_null(seen.rss_peak);
    metrics["pss_bytes_connected"] = json_or_null(seen.mapped_connected.pss);
    const mapped_memory peak = seen.mapped_connected.larger(seen.mapped_measured);
    metrics["pss_bytes_peak"] = json_or_null(peak.pss);
    metrics["private_bytes_peak"] = json_or_null(peak.private_memory);
    if (counted && counted->requests != 0 && !server["context_switches_voluntary"].is_null()) {
        metrics["context_switches_per_op"] =
            (server["context_switches_voluntary"].get<double>() +
             server["context_switches_involuntary"].get<double>()) /
            static_cast<double>(counted->requests);
    }
    metrics["error_count"] = client.error_count();
    seen.window->fill_metrics(metrics, replies);
    for (const char* part : {"p50", "p99", "max"}) {
        if (server.is_null()) {
            break;
        }
        metrics[fmt::format("loop_lag_ns_{}", part)] =
            server.at("loop_lag").at(fmt::format("lag_ns_{}", part));
    }
    return metrics;
}

std::optional<apart_evidence> apart_evidence_of(const benchmark& arm, const json& result,
                                                double window_s) {
    const json apart = result.value("apart", json());
    if (apart.is_null() || arm.workload->apart_of == nullptr) {
        return std::nullopt;
    }
    apart_evidence evidence{arm.workload->set_apart, apart.at("count").get<std::uint64_t>(), 0, {}};
    evidence.replies = evidence.count + histogram_from_json(apart.at("others")).count();
    evidence.expected = arm.workload->apart_of(arm.values, {arm.connections, arm.workers, window_s,
                                                            static_cast<double>(evidence.replies)});
    return evidence;
}

trial_evidence evidence_of(const benchmark& arm, const trial_settings& settings,
                           const placement& placed, const observation& seen,
                           const censored_latency& latency,
                           const std::optional<counters>& counted) {
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
    evidence.ceiling_per_s = arm.workload->ceiling_per_s(arm.values, arm.connections, arm.workers);
    evidence.replies_at_edges = arm.workload->replies_at_edges * arm.connections;
    evidence.apart = apart_evidence_of(arm, result, evidence.window_s);
    const auto threads = result.at("threads").get<std::size_t>();
    const auto generator_cpus =
        placed.generator_cpus.empty() ? threads : std::min(threads, placed.generator_cpus.size());
    evidence.generator_cpu_share = busiest_rank_share(result).value_or(
        result.at("cpu_ns").get<double>() / window_ns / static_cast<double>(generator_cpus));
    if (const auto cpu_ns = server_cpu_ns(seen)) {
        evidence.server_cpu_share =
            *cpu_ns / window_ns / static_cast<double>(placed.server_cpus.size());
    }
    evidence.generator_wait_share =
        seen.window->generator_waiting().value_or(0) / static_cast<double>(generator_cpus);
    evidence.server_wait_share =
        seen.window->server_waiting().value_or(0) / static_cast<double>(placed.server_cpus.size());
    if (const auto& load = seen.window->cpus()) {
        evidence.foreign_cpu_share = load->cpu_share;
        evidence.steal_share = load->steal_share;
    }
    // A server that was not started here is one of the other programs.
    evidence.refuses_busy_machine = settings.refuses_busy_machine && !arm.runtime->target;
    evidence.shares_cpu = placed.is_shared;
    if (arm.is_open_loop()) {
        evidence.open = open_loop_evidence_of(arm, placed, result, latency);
        evidence.open->generator_cpu_share = evidence.generator_cpu_share;
    }
    return evidence;
}

/// What is known of the replies that the workload sets apart, and the latency of the others.
json apart_record(const workload_info& workload, const json& apart) {
    const histogram others = histogram_from_json(apart.at("others"));
    return {{"which", workload.set_apart},
            {"count", apart.at("count")},
            {"others", apart.at("others")},
            {"others_latency_ns_p50", json_or_null(others.percentile(0.50))},
            {"others_latency_ns_p99", json_or_null(others.percentile(0.99))}};
}

void fill_stall(const benchmark& arm, const histogram& answered, json& record) {
    stall_evidence evidence;
    evidence.window_ns = record["measured_ns"].get<double>();
    evidence.quick_reply_ns = static_cast<double>(answered.value_at(0.1));
    if (arm.is_open_loop()) {
        evidence.due = [&arm](double begin_ns, double end_ns) {
            const auto steps = steps_of(arm);
            return steps.empty()
                       ? arm.offered_per_s() * (end_ns - begin_ns) / 1e9
                       : requests_due(steps, end_ns / 1e9) - requests_due(steps, begin_ns / 1e9);
        };
    }
    const auto found = find_stall(record["intervals"], evidence);
    record["stall"] = to_json(found);
    if (found) {
        record["warnings"].push_back(sentence_of(*found));
    }
}

void fill_figures(const benchmark& arm, const trial_settings& settings, const placement& placed,
                  const observation& seen, const std::optional<counters>& counted,
                  trial_result& trial) {
    json& record = trial.record;
    const json& result = seen.result;
    const histogram answered = histogram_from_json(result.at("latency"));
    if (answered.empty() || result.at("measured_ns").get<std::int64_t>() <= 0) {
        trial.is_window_empty = true;
        throw trial_failure("not one reply came in the measured window");
    }
    censored_latency latency{answered, 0, std::nullopt};
    if (arm.is_open_loop()) {
        latency.censored = result.at("arrivals").at("censored").get<std::uint64_t>();
    }
    const trial_evidence evidence = evidence_of(arm, settings, placed, seen, latency, counted);
    fill_ranks(result, record);
    const verdict found = judge(evidence);
    for (const std::string& reason : found.reasons) {
        record["reasons"].push_back(reason);
    }
    for (const std::string& warning : found.warnings) {
        record["warnings"].push_back(warning);
    }
    trial.is_worth_repeating = found.is_transient && record["reasons"] == json(found.reasons);
    trial.is_machine_busy = found.is_machine_busy;
    record["status"] = record["reasons"].empty() ? "ok" : "invalid";
    record["saturation"] = json_or_null(found.saturation);
    if (evidence.ceiling_per_s != no_ceiling) {
        record["ceiling_per_s"] = evidence.ceiling_per_s;
    }
    record["foreign_cpu_share"] = json_or_null(evidence.foreign_cpu_share);
    record["steal_share"] = json_or_null(evidence.steal_share);
    if (!record["server"].is_null()) {
        record["server"]["cpu_share"] = json_or_null(evidence.server_cpu_share);
    }
    record["generator"] = {{"engine", result.at("engine")},
                           {"engine_note", result.value("engine_note", json())},
                           {"cpu_ns", result.at("cpu_ns")},
                           {"cpu_share", evidence.generator_cpu_share},
                           {"waiting_mean", json_or_null(seen.window->generator_waiting())},
                           {"spin_ns", spin_of(arm, placed).count()},
                           {"in_flight_mean", evidence.mean_in_flight},
                           {"in_flight_cut", evidence.cut_in_flight},
                           {"threads", result.at("threads")}};
    record["latency"] = result.at("latency");
    record["latency_kind"] = result.at("latency_kind");
    record["measured_ns"] = result.at("measured_ns");
    record["warmup_ns"] = result.at("warmup_ns");
    record["intervals"] = result.at("intervals");
    record["memory_series"] = seen.memory_series;
    seen.window->fill(record);
    fill_stall(arm, answered, record);
    if (!arm.pattern) {  // a load that changes has no steady state
        const steady_state steady =
            judge_steady_state(record["intervals"], record["measured_ns"].get<double>());
        record["steady_state"] = steady.record;
        for (const std::string& warning : steady.warnings) {
            record["warnings"].push_back(warning);
        }
    }
    if (const json& apart = result.value("apart", json()); !apart.is_null()) {
        record["apart"] = apart_record(*arm.workload, apart);
    }
    if (evidence.open) {
        record["open_loop"] = open_loop_record(arm, result, *evidence.open);
    }
    record["metrics"] = metrics_of(seen, latency, evidence.client, record["server"], counted);
}

/// How far apart the two sides' CPUs are now; nothing where they share one or are not pinned.
std::optional<double> distance_of(const placement& placed) {
    return placed.mode == placement_mode::split && !placed.is_shared &&
                   !placed.generator_cpus.empty()
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

/// A server that runs already, and that nothing is known of but its replies.
void run_target_trial(const benchmark& arm, const trial_settings& settings, const placement& placed,
                      trial_result& trial) {
    const server_target& target = *arm.runtime->target;
    trial.record["warnings"].push_back(fmt::format(
        "the server at {}:{} was not started here: what it counts, its CPU time and its memory are "
        "not known, nor whether its parameters are those of the name",
        target.address, target.port));
    const observation seen = put_under_load(
        arm, settings, placed, {target.address, target.port, std::nullopt, nullptr}, std::nullopt);
    trial.record["client"] = seen.result.at("client");
    fill_figures(arm, settings, placed, seen, std::nullopt, trial);
}

}  // namespace

void run_server_trial(const benchmark& arm, const trial_settings& settings, trial_result& trial) {
    json& record = trial.record;
    const placement placed = place_trial(arm, settings);
    record["placement"] = to_json(placed);
    if (arm.runtime->target) {
        run_target_trial(arm, settings, placed, trial);
        return;
    }
    if (placed.mode == placement_mode::split && placed.is_shared) {
        record["warnings"].push_back(
            "the server and the generator share a CPU: there are too few for split placement");
    }
    const std::optional<double> before_ns = distance_of(placed);
    server_process server(arm, settings.rounds_per_us, placed.server_cpus, settings.probes_loop_lag,
                          placed.generator_cpus, settings.ranks.server_address);
    record["effective"] = server.effective();
    for (const json& note : server.notes()) {
        record["warnings"].push_back(note);
    }
    std::optional<observation> seen;
    std::optional<std::string> failed;
    try {
        const served_at here{server.address(), server.port(), server.pid(), &server.voice()};
        seen = put_under_load(arm, settings, placed, here, server.backend_pid());
    } catch (const trial_failure& reason) {
        failed = reason.what();
    }
    const std::optional<std::string> complaint = server.stop();
    fill_cache_distance(placed, before_ns, distance_of(placed), record);
    record["server"] = server.record();
    for (const std::string& note : server.closing_notes()) {
        record["warnings"].push_back(note);
    }
    if (failed) {
        throw trial_failure(*failed);
    }
    record["client"] = seen->result.at("client");
    if (server.is_lost()) {
        throw trial_failure(*complaint);
    }
    if (complaint) {
        record["reasons"].push_back(*complaint);
    }
    fill_figures(arm, settings, placed, *seen, server.counted(), trial);
}

}  // namespace regatta
