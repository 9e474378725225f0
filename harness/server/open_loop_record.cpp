#include "harness/server/open_loop_record.hpp"

#include "harness/measure/histogram_json.hpp"
#include "harness/measure/metrics.hpp"
#include "harness/plan/arrival_pattern.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

/// Whether somebody else who serves the requests is on the generator's CPU, or may be: a backend is
/// put there, and a server that runs already on this machine is not pinned.
bool has_company(const benchmark& arm) {
    const auto& target = arm.runtime->target;
    return !arm.workload->backend.empty() || (target && target->address.starts_with("127."));
}

json to_json(const std::vector<rate_step>& steps) {
    json list = json::array();
    for (const rate_step& each : steps) {
        list.push_back({{"duration_ns", std::chrono::nanoseconds(each.duration).count()},
                        {"rate_per_s", each.rate_per_s}});
    }
    return list;
}

}  // namespace

std::chrono::nanoseconds spin_of(const benchmark& arm, const placement& placed) {
    const bool has_own_cpu = placed.mode == placement_mode::split && !placed.is_shared &&
                             placed.has_cpu_for_each && !has_company(arm);
    return arm.is_open_loop() && has_own_cpu ? open_loop_spin : 0ns;
}

json load_fields(const benchmark& arm, const placement& placed, std::chrono::milliseconds warmup) {
    if (!arm.is_open_loop()) {
        return {{"mode", "closed"}};
    }
    json fields{
        {"mode", "open"}, {"spin_ns", spin_of(arm, placed).count()}, {"arrivals", spread_of(arm)}};
    if (const auto steps = steps_of(arm); !steps.empty()) {
        fields["steps"] = to_json(begun_before(steps, warmup));
    } else {
        fields["rate_per_s"] = arm.offered_per_s();
    }
    return fields;
}

open_loop_evidence open_loop_evidence_of(const benchmark& arm, const placement& placed,
                                         const json& result, const censored_latency& latency) {
    const json& arrivals = result.at("arrivals");
    const histogram own_lag = histogram_from_json(arrivals.at("own_lag"));
    open_loop_evidence evidence;
    evidence.asked_per_s = arm.offered_per_s();
    evidence.window_s = result.at("measured_ns").get<double>() / 1e9;
    const auto steps = steps_of(arm);
    evidence.scheduled = steps.empty() ? evidence.asked_per_s * evidence.window_s
                                       : requests_due(steps, evidence.window_s);
    evidence.is_random = spread_of(arm) == "poisson";
    evidence.arrivals = arrivals.at("count").get<std::uint64_t>();
    evidence.replies = result.at("replies_measured").get<std::uint64_t>();
    evidence.censored = latency.censored;
    evidence.response_ns_p50 = latency.answered.value_at(0.5);
    evidence.response_ns_p99 = latency.answered.value_at(0.99);
    evidence.on_time_ns_p99 = histogram_from_json(arrivals.at("on_time")).value_at(0.99);
    evidence.own_lag_ns_p99 = own_lag.value_at(0.99);
    evidence.sends = own_lag.count();
    evidence.late_sends = count_above(own_lag, lateness_tolerance_ns(evidence.response_ns_p50));
    evidence.spins = spin_of(arm, placed) != 0ns;
    return evidence;
}

json open_loop_record(const benchmark& arm, const json& result,
                      const open_loop_evidence& evidence) {
    const auto steps = steps_of(arm);
    json record{{"offered_per_s", evidence.asked_per_s},
                {"schedule", schedule_of(arm)},
                {"steps", steps.empty() ? json() : to_json(steps)},
                {"arrivals", evidence.arrivals},
                {"backlog_growth", evidence.backlog_growth()},
                {"is_saturated", evidence.is_saturated()},
                {"late_sends", evidence.late_sends},
                {"late_tolerance_ns", lateness_tolerance_ns(evidence.response_ns_p50)},
                {"adherence_share", evidence.adherence()}};
    const json& arrivals = result.at("arrivals");
    for (const char* field : {"service", "lag", "own_lag", "omission_factor", "censored",
                              "censored_ns_min", "never_sent", "queued_max"}) {
        record[field] = arrivals.at(field);
    }
    record["on_time_ns_p99"] =
        json_or_null(histogram_from_json(arrivals.at("on_time")).percentile(0.99));
    return record;
}

}  // namespace regatta
