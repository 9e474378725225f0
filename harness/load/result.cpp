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

}  // namespace

json to_json(const load_result& result) {
    json intervals = json::array();
    for (const interval& each : result.intervals) {
        intervals.push_back({{"start_ns", each.start_ns},
                             {"replies", each.replies},
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
            {"latency_kind", "service"},
            {"intervals", std::move(intervals)},
            {"client", to_json(result.client)},
            {"mean_in_flight", result.mean_in_flight},
            {"unanswered", result.unanswered}};
}

}  // namespace regatta::load
