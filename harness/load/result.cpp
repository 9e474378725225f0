#include "harness/load/result.hpp"

#include <nlohmann/json.hpp>

#include "harness/measure/histogram_json.hpp"

namespace regatta::load {
namespace {

using nlohmann::json;

template <class Value>
json or_null(const std::optional<Value>& value) {
    return value ? json(*value) : json(nullptr);
}

json to_json(const client_counters& client) {
    return {{"connections", client.connections},
            {"requests", client.requests},
            {"replies", client.replies},
            {"bytes_sent", client.bytes_sent},
            {"bytes_received", client.bytes_received},
            {"errors",
             {// A load begins only when every connection is open.
              {"connect", 0},
              {"reset", client.resets},
              {"closed", client.closed},
              {"timeout", client.timeouts},
              {"wrong_reply", client.wrong_replies}}}};
}

// How much too good the latency would look without the schedule: p99(response) / p99(service).
json omission_factor(const histogram& response, const histogram& service) {
    const auto whole = response.percentile(0.99);
    const auto part = service.percentile(0.99);
    if (!whole || !part || *part == 0) {
        return nullptr;
    }
    return static_cast<double>(*whole) / static_cast<double>(*part);
}

json to_json(const arrival_figures& arrivals, const histogram& response) {
    return {{"count", arrivals.count},
            {"service", regatta::to_json(arrivals.service)},
            {"lag", regatta::to_json(arrivals.lag)},
            {"own_lag", regatta::to_json(arrivals.own_lag)},
            {"omission_factor", omission_factor(response, arrivals.service)},
            {"censored", arrivals.censored},
            {"censored_ns_min", or_null(arrivals.censored_ns_min)},
            {"never_sent", arrivals.never_sent},
            {"queued_max", arrivals.queued_max}};
}

}  // namespace

json to_json(const load_result& result) {
    json intervals = json::array();
    for (const interval& each : result.intervals) {
        intervals.push_back({{"start_ns", each.start_ns},
                             {"replies", each.replies},
                             {"latency_ns_mean", or_null(each.latency_ns_mean)},
                             {"latency_ns_p99", or_null(each.latency_ns_p99)}});
    }
    return {{"engine", result.engine},
            {"engine_note", result.engine_note.empty() ? json(nullptr) : json(result.engine_note)},
            {"threads", 1},
            {"measured_ns", result.measured_ns},
            {"warmup_ns", result.warmup_ns},
            {"replies_measured", result.replies_measured},
            {"cpu_ns", result.cpu_ns},
            {"server_cpu_ns", or_null(result.server_cpu_ns)},
            {"latency", regatta::to_json(result.latency)},
            {"latency_kind", result.arrivals ? "response" : "service"},
            {"intervals", std::move(intervals)},
            {"client", to_json(result.client)},
            {"mean_in_flight", result.mean_in_flight},
            {"cut_in_flight", result.cut_in_flight},
            {"unanswered", result.unanswered},
            {"arrivals", result.arrivals ? to_json(*result.arrivals, result.latency) : nullptr}};
}

}  // namespace regatta::load
