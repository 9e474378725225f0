#include "harness/micro/generator_cost/figures.hpp"

#include <fmt/format.h>

#include "harness/audit/foreign_program.hpp"
#include "harness/record/markdown.hpp"
#include "harness/stats/paired.hpp"

namespace regatta::generator_cost {
namespace {

using nlohmann::json;

std::optional<stats::paired_ratio> ratio_of(const std::vector<double>& other,
                                            const std::vector<double>& ours) {
    if (other.size() != ours.size()) {
        return std::nullopt;  // a tool that is not installed
    }
    std::vector<std::pair<double, double>> rounds;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        rounds.emplace_back(other[i], ours[i]);
    }
    return stats::ratio_of_rounds(rounds);
}

json to_json(const std::optional<stats::paired_ratio>& ratio) {
    return ratio ? json(ratio->value) : json(nullptr);
}

json interval_of(const std::optional<stats::paired_ratio>& ratio) {
    return ratio && ratio->range ? json({ratio->range->low, ratio->range->high}) : json(nullptr);
}

json record_of(const series& tool) {
    const auto version = tool.package.empty() ? std::nullopt : audit::package_version(tool.package);
    return {{"tool", tool.tool},
            {"status", tool.is_installed ? "ok" : "absent"},
            {"package", tool.package.empty() ? json(nullptr) : json(tool.package)},
            {"package_version", version ? json(*version) : json(nullptr)}};
}

double ratio_min_of(const std::string& tool) {
    return tool == "wrk" ? wrk_ratio_min : h2load_ratio_min;
}

/// `ours` compares replies, `parsing` is ours where it must parse them.
json cost_of(const series& tool, const series& ours, const series& parsing) {
    json record = record_of(tool);
    record["parses"] = tool.parses || !tool.package.empty();
    record["generator_cpu_ns_per_op"] = tool.cpu_ns_per_op;
    record["server_cpu_ns_per_op"] = tool.server_cpu_ns_per_op;
    record["throughput_per_s"] = tool.requests_per_s;
    const bool is_ours = &tool == &ours;
    const auto ratio = is_ours ? std::nullopt : ratio_of(tool.cpu_ns_per_op, ours.cpu_ns_per_op);
    record["cpu_time_ratio"] = to_json(ratio);
    record["cpu_time_ratio_interval"] = interval_of(ratio);
    const bool is_other = !tool.package.empty();
    record["cpu_time_ratio_min"] = is_other ? json(ratio_min_of(tool.tool)) : json(nullptr);
    const auto parsed =
        is_other ? ratio_of(tool.cpu_ns_per_op, parsing.cpu_ns_per_op) : std::nullopt;
    record["cpu_time_ratio_parsing"] = to_json(parsed);
    record["cpu_time_ratio_parsing_interval"] = interval_of(parsed);
    return record;
}

json latency_of(const series& tool, const series& ours) {
    json record = record_of(tool);
    record["latency_ns_p50"] = tool.latency_ns_p50;
    record["latency_ns_p99"] = tool.latency_ns_p99;
    const bool is_ours = &tool == &ours;
    const auto ratio = is_ours ? std::nullopt : ratio_of(ours.latency_ns_p50, tool.latency_ns_p50);
    record["latency_ratio"] = to_json(ratio);
    record["latency_ratio_interval"] = interval_of(ratio);
    record["latency_ratio_max"] = is_ours ? json(nullptr) : json(sockperf_ratio_max);
    return record;
}

std::string median_of(const json& values, double unit) {
    const auto list = values.get<std::vector<double>>();
    const auto middle = stats::median(list);
    return middle ? fmt::format("{:.2f}", *middle / unit) : "-";
}

std::string text_of(const json& ratio, const json& interval) {
    if (ratio.is_null()) {
        return "";
    }
    const std::string range = interval.is_null()
                                  ? ""
                                  : fmt::format(" ({:.2f}-{:.2f})", interval.at(0).get<double>(),
                                                interval.at(1).get<double>());
    return fmt::format("{:.2f}{}", ratio.get<double>(), range);
}

std::string name_of(const json& record) {
    const bool is_parsing_ours = record.at("package").is_null() && record.value("parses", false);
    return record.at("tool").get<std::string>() + (is_parsing_ours ? ", parsing" : "") +
           (record.at("status") == "absent" ? " (not installed)" : "");
}

std::string cost_table(const json& records) {
    using align = markdown_table::align;
    markdown_table rows({{"http", align::left},
                         {"CPU us/request"},
                         {"its server's"},
                         {"requests/s"},
                         {"CPU time, times ours (95 %)"},
                         {"times ours, parsing"},
                         {"wanted"}});
    for (const json& each : records) {
        const json& wanted = each.at("cpu_time_ratio_min");
        rows.add({name_of(each), median_of(each.at("generator_cpu_ns_per_op"), 1e3),
                  median_of(each.at("server_cpu_ns_per_op"), 1e3),
                  median_of(each.at("throughput_per_s"), 1),
                  text_of(each.at("cpu_time_ratio"), each.at("cpu_time_ratio_interval")),
                  text_of(each.value("cpu_time_ratio_parsing", json()),
                          each.value("cpu_time_ratio_parsing_interval", json())),
                  wanted.is_null() ? "" : fmt::format(">= {}", wanted.get<double>())});
    }
    rows.drop_empty_columns();  // older records have no row that parses
    return rows.text();
}

std::string latency_table(const json& records) {
    using align = markdown_table::align;
    markdown_table rows({{"one connection, 64 bytes", align::left},
                         {"p50 us"},
                         {"p99 us"},
                         {"our p50, times its (95 %)"},
                         {"wanted"}});
    for (const json& each : records) {
        const json& wanted = each.at("latency_ratio_max");
        rows.add({name_of(each), median_of(each.at("latency_ns_p50"), 1e3),
                  median_of(each.at("latency_ns_p99"), 1e3),
                  text_of(each.at("latency_ratio"), each.at("latency_ratio_interval")),
                  wanted.is_null() ? "" : fmt::format("<= {}", wanted.get<double>())});
    }
    return rows.text();
}

std::string floor_table(const json& floor) {
    using align = markdown_table::align;
    markdown_table rows({{"our floor", align::left}, {"p50 us"}, {"p99 us"}});
    rows.add({"echo, one connection, closed loop: service time",
              median_of(floor.at("idle_latency_ns_p50"), 1e3),
              median_of(floor.at("idle_latency_ns_p99"), 1e3)});
    rows.add({"1,000 requests/s, open loop: lag of the sends",
              median_of(floor.at("lag_ns_p50"), 1e3), median_of(floor.at("lag_ns_p99"), 1e3)});
    return rows.text();
}

}  // namespace

json to_json(const outcome& found) {
    json figures{{"cost", json::array()}, {"one_connection", json::array()}};
    for (const series& each : found.cost) {
        figures["cost"].push_back(cost_of(each, found.cost.at(0), found.cost.at(1)));
    }
    for (const series& each : found.latency) {
        figures["one_connection"].push_back(latency_of(each, found.latency.front()));
    }
    figures["floor"] = {{"idle_latency_ns_p50", found.idle_latency_ns_p50},
                        {"idle_latency_ns_p99", found.idle_latency_ns_p99},
                        {"lag_ns_p50", found.lag_ns_p50},
                        {"lag_ns_p99", found.lag_ns_p99}};
    figures["cache_line_ns"] = json::array();
    for (const auto& each : found.cache_line_ns) {
        figures["cache_line_ns"].push_back(each ? json(*each) : json(nullptr));
    }
    return figures;
}

std::string tables(const json& figures) {
    return cost_table(figures.at("cost")) + '\n' + latency_table(figures.at("one_connection")) +
           '\n' + floor_table(figures.at("floor"));
}

}  // namespace regatta::generator_cost
