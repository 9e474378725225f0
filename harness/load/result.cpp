#include "harness/load/result.hpp"

#include <algorithm>

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
             {{"connect", client.unconnected},
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
            {"on_time", regatta::to_json(arrivals.on_time)},
            {"omission_factor", omission_factor(response, arrivals.service)},
            {"censored", arrivals.censored},
            {"censored_ns_min", or_null(arrivals.censored_ns_min)},
            {"never_sent", arrivals.never_sent},
            {"queued_max", arrivals.queued_max}};
}

json to_json(const apart_figures& apart) {
    return {{"count", apart.count}, {"others", regatta::to_json(apart.others)}};
}

}  // namespace

client_counters& client_counters::operator+=(const client_counters& other) {
    connections += other.connections;
    requests += other.requests;
    replies += other.replies;
    bytes_sent += other.bytes_sent;
    bytes_received += other.bytes_received;
    unconnected += other.unconnected;
    resets += other.resets;
    closed += other.closed;
    timeouts += other.timeouts;
    wrong_replies += other.wrong_replies;
    return *this;
}

arrival_figures& arrival_figures::operator+=(const arrival_figures& other) {
    count += other.count;
    service.merge(other.service);
    lag.merge(other.lag);
    own_lag.merge(other.own_lag);
    on_time.merge(other.on_time);
    censored += other.censored;
    if (other.censored_ns_min) {
        censored_ns_min =
            std::min(censored_ns_min.value_or(*other.censored_ns_min), *other.censored_ns_min);
    }
    never_sent += other.never_sent;
    queued_max += other.queued_max;
    return *this;
}

apart_figures& apart_figures::operator+=(const apart_figures& other) {
    count += other.count;
    others.merge(other.others);
    return *this;
}

interval make_interval(std::uint64_t start_ns, const histogram& replies) {
    interval figures{start_ns, replies.count(), std::nullopt, std::nullopt, std::nullopt};
    if (!replies.empty()) {
        figures.latency_ns_mean = replies.mean();
    }
    if (replies.count() >= 100) {
        figures.latency_ns_p99 = replies.value_at(0.99);
    }
    return figures;
}

json to_json(const load_result& result) {
    json intervals = json::array();
    for (const interval& each : result.intervals) {
        intervals.push_back({{"start_ns", each.start_ns},
                             {"replies", each.replies},
                             {"latency_ns_mean", or_null(each.latency_ns_mean)},
                             {"latency_ns_p99", or_null(each.latency_ns_p99)}});
        if (each.latency) {
            intervals.back()["latency"] = regatta::to_json(*each.latency);
        }
    }
    return {{"engine", result.engine},
            {"engine_note", result.engine_note.empty() ? json(nullptr) : json(result.engine_note)},
            {"threads", result.threads},
            {"measured_ns", result.measured_ns},
            {"warmup_ns", result.warmup_ns},
            {"replies_measured", result.replies_measured},
            {"begin_late_ns", result.begin_late_ns},
            {"cpu_ns", result.cpu_ns},
            {"server_cpu_ns", or_null(result.server_cpu_ns)},
            {"latency", regatta::to_json(result.latency)},
            {"latency_kind", result.arrivals ? "response" : "service"},
            {"intervals", std::move(intervals)},
            {"client", to_json(result.client)},
            {"mean_in_flight", result.mean_in_flight},
            {"cut_in_flight", result.cut_in_flight},
            {"unanswered", result.unanswered},
            {"arrivals", result.arrivals ? to_json(*result.arrivals, result.latency) : nullptr},
            {"apart", result.apart ? to_json(*result.apart) : nullptr}};
}

}  // namespace regatta::load
