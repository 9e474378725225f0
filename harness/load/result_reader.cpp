#include "harness/load/result_reader.hpp"

#include <nlohmann/json.hpp>

#include "harness/measure/histogram_json.hpp"

namespace regatta::load {
namespace {

using nlohmann::json;

template <class Value>
std::optional<Value> optional_at(const json& object, const char* field) {
    const auto found = object.find(field);
    return found == object.end() || found->is_null() ? std::nullopt
                                                     : std::optional(found->get<Value>());
}

client_counters client_from_json(const json& object) {
    const json& errors = object.at("errors");
    client_counters client;
    object.at("connections").get_to(client.connections);
    object.at("requests").get_to(client.requests);
    object.at("replies").get_to(client.replies);
    object.at("bytes_sent").get_to(client.bytes_sent);
    object.at("bytes_received").get_to(client.bytes_received);
    errors.at("connect").get_to(client.unconnected);
    errors.at("reset").get_to(client.resets);
    errors.at("closed").get_to(client.closed);
    errors.at("timeout").get_to(client.timeouts);
    errors.at("wrong_reply").get_to(client.wrong_replies);
    return client;
}

arrival_figures arrivals_from_json(const json& object) {
    arrival_figures arrivals;
    object.at("count").get_to(arrivals.count);
    arrivals.service = histogram_from_json(object.at("service"));
    arrivals.lag = histogram_from_json(object.at("lag"));
    arrivals.own_lag = histogram_from_json(object.at("own_lag"));
    arrivals.on_time = histogram_from_json(object.at("on_time"));
    object.at("censored").get_to(arrivals.censored);
    arrivals.censored_ns_min = optional_at<std::uint64_t>(object, "censored_ns_min");
    object.at("never_sent").get_to(arrivals.never_sent);
    object.at("queued_max").get_to(arrivals.queued_max);
    return arrivals;
}

interval interval_from_json(const json& object) {
    interval figures{object.at("start_ns").get<std::uint64_t>(),
                     object.at("replies").get<std::uint64_t>(),
                     optional_at<double>(object, "latency_ns_mean"),
                     optional_at<std::uint64_t>(object, "latency_ns_p99"), std::nullopt};
    if (object.contains("latency")) {
        figures.latency = histogram_from_json(object.at("latency"));
    }
    return figures;
}

}  // namespace

load_result result_from_json(const json& object) {
    load_result result;
    object.at("engine").get_to(result.engine);
    result.engine_note = optional_at<std::string>(object, "engine_note").value_or("");
    object.at("threads").get_to(result.threads);
    object.at("measured_ns").get_to(result.measured_ns);
    object.at("warmup_ns").get_to(result.warmup_ns);
    object.at("replies_measured").get_to(result.replies_measured);
    object.at("begin_late_ns").get_to(result.begin_late_ns);
    object.at("cpu_ns").get_to(result.cpu_ns);
    result.server_cpu_ns = optional_at<std::uint64_t>(object, "server_cpu_ns");
    result.latency = histogram_from_json(object.at("latency"));
    for (const json& each : object.at("intervals")) {
        result.intervals.push_back(interval_from_json(each));
    }
    result.client = client_from_json(object.at("client"));
    object.at("mean_in_flight").get_to(result.mean_in_flight);
    object.at("cut_in_flight").get_to(result.cut_in_flight);
    object.at("unanswered").get_to(result.unanswered);
    if (!object.at("arrivals").is_null()) {
        result.arrivals = arrivals_from_json(object.at("arrivals"));
    }
    if (!object.at("apart").is_null()) {
        result.apart = apart_figures{object.at("apart").at("count").get<std::uint64_t>(),
                                     histogram_from_json(object.at("apart").at("others"))};
    }
    return result;
}

}  // namespace regatta::load
