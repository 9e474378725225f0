#include "harness/record/ranks_table.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"

namespace regatta {
namespace {

using nlohmann::json;

/// What one rank of one benchmark saw in all trials.
struct rank_history {
    std::string host;
    std::int64_t trials = 0;
    std::int64_t reported = 0;
    std::map<std::string, std::vector<double>> values;  ///< by field, of `clock` too

    std::optional<double> median(const std::string& field) const { return at(field, 0.5); }
    std::optional<double> largest(const std::string& field) const { return at(field, 1); }

private:
    std::optional<double> at(const std::string& field, double fraction) const {
        const auto found = values.find(field);
        if (found == values.end()) {
            return std::nullopt;
        }
        std::vector<double> sorted = found->second;
        std::sort(sorted.begin(), sorted.end());
        const auto last = static_cast<double>(sorted.size() - 1);
        return sorted[static_cast<std::size_t>(last * fraction)];
    }
};

void add_numbers(const json& object, rank_history& to) {
    for (const auto& [field, value] : object.items()) {
        if (value.is_number()) {
            to.values[field].push_back(value.get<double>());
        }
    }
}

using rank_key = std::pair<std::string, std::int64_t>;  // benchmark, rank

std::map<rank_key, rank_history> histories_of(const std::vector<json>& trials) {
    std::map<rank_key, rank_history> histories;
    for (const json& trial : trials) {
        const json ranks = trial.value("ranks", json());
        if (!ranks.is_object()) {
            continue;
        }
        for (const json& each : ranks.at("each")) {
            rank_history& history = histories[{trial.at("benchmark").get<std::string>(),
                                               each.at("rank").get<std::int64_t>()}];
            history.host = each.at("host").get<std::string>();
            ++history.trials;
            history.reported += each.at("status") == "reported" ? 1 : 0;
            add_numbers(each, history);
            if (each.at("clock").is_object()) {
                add_numbers(each.at("clock"), history);
            }
        }
    }
    return histories;
}

std::string figure_cell(std::optional<double> value, double divisor = 1) {
    return value ? format::number(*value / divisor, format::decimals_for(*value / divisor))
                 : std::string(format::absent);
}

}  // namespace

std::string render_ranks(const std::vector<json>& trials) {
    const auto histories = histories_of(trials);
    if (histories.empty()) {
        return {};
    }
    using align = markdown_table::align;
    markdown_table table({{"benchmark", align::left},
                          {"rank"},
                          {"host", align::left},
                          {"reported"},
                          {"connections"},
                          {"rate /s"},
                          {"p50 us"},
                          {"p99 us"},
                          {"CPU %"},
                          {"clock ahead s"},
                          {"within us"},
                          {"began late us"}});
    for (const auto& [key, each] : histories) {
        constexpr double us = 1e3;
        table.add({key.first, std::to_string(key.second), each.host,
                   fmt::format("{}/{}", each.reported, each.trials),
                   figure_cell(each.median("connections")),
                   figure_cell(each.median("throughput_per_s")),
                   figure_cell(each.median("latency_ns_p50"), us),
                   figure_cell(each.median("latency_ns_p99"), us),
                   figure_cell(each.largest("cpu_share"), 0.01),
                   each.median("offset_ns") ? format::number(*each.median("offset_ns") / 1e9, 6)
                                            : std::string(format::absent),
                   figure_cell(each.largest("bound_ns"), us),
                   figure_cell(each.largest("begin_late_ns"), us)});
    }
    return "### Ranks that shared the load\n\n" + table.text() +
           "\nMedians over all trials, invalid ones too; CPU (of one for each thread), the clock's "
           "bound and the "
           "late "
           "begin: the largest. Pooled figures are sums of these ranks'.\n";
}

}  // namespace regatta
