#include "harness/distributed/rank_table.hpp"

#include "harness/distributed/disagreement.hpp"
#include "harness/measure/histogram_json.hpp"

namespace regatta::distributed {
namespace {

using nlohmann::json;

template <class Value>
json or_null(const std::optional<Value>& value) {
    return value ? json(*value) : json();
}

json clock_of(const loader& each) {
    if (each.clock.exchanges() == 0) {
        return nullptr;
    }
    return {{"offset_ns", each.clock.offset_ns()},
            {"bound_ns", each.clock.bound_ns()},
            {"exchanges", each.clock.exchanges()},
            {"round_trip_ns_min", each.clock.round_trip_ns_min()},
            {"is_consistent", each.clock.is_consistent()},
            {"drift_ns", each.clock_after.exchanges() == 0
                             ? json()
                             : json(drift_ns(each.clock, each.clock_after))}};
}

void fill_figures(const json& result, json& row) {
    const histogram latency = histogram_from_json(result.at("latency"));
    const auto measured = result.at("measured_ns").get<double>();
    const auto replies = result.at("replies_measured").get<double>();
    const auto threads = result.at("threads").get<double>();
    row["connections"] = result.at("client").at("connections");
    row["threads"] = result.at("threads");
    row["engine"] = result.at("engine");
    row["replies_measured"] = result.at("replies_measured");
    row["throughput_per_s"] = measured > 0 ? json(replies * 1e9 / measured) : json();
    row["latency_ns_p50"] = or_null(latency.percentile(0.50));
    row["latency_ns_p99"] = or_null(latency.percentile(0.99));
    row["own_lag_ns_p99"] =
        result.at("arrivals").is_null()
            ? json()
            : or_null(histogram_from_json(result.at("arrivals").at("own_lag")).percentile(0.99));
    row["cpu_share"] =
        measured > 0 ? json(result.at("cpu_ns").get<double>() / measured / threads) : json();
    row["begin_late_ns"] = result.at("begin_late_ns");
    row["shard"] = result.value("shard", json());
}

json row_of(const loader& each) {
    json row{{"rank", each.rank},
             {"host", each.host},
             {"status", each.result.is_null() ? "lost" : "reported"},
             {"reason", each.lost.empty() ? json() : json(each.lost)},
             {"clock", clock_of(each)}};
    for (const char* field : {"connections", "threads", "engine", "replies_measured",
                              "throughput_per_s", "latency_ns_p50", "latency_ns_p99",
                              "own_lag_ns_p99", "cpu_share", "begin_late_ns", "shard"}) {
        row[field] = nullptr;
    }
    if (!each.result.is_null()) {
        fill_figures(each.result, row);
    }
    return row;
}

}  // namespace

json rank_table(const roster& ranks, std::string_view transport_name) {
    json table{{"transport", transport_name},
               {"asked", ranks.all().size()},
               {"reported", 0},
               {"warnings", disagreements(ranks)},
               {"each", json::array()}};
    std::size_t reported = 0;
    for (const loader& each : ranks.all()) {
        reported += each.result.is_null() ? 0 : 1;
        table["each"].push_back(row_of(each));
        if (!each.result.is_null() && each.result.contains("shard_obstacle")) {
            table["warnings"].push_back(each.result.at("shard_obstacle"));
        }
    }
    table["reported"] = reported;
    return table;
}

}  // namespace regatta::distributed
