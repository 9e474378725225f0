#include "harness/record/history_table.hpp"

#include <fmt/format.h>

#include "harness/measure/metrics.hpp"
#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"
#include "harness/record/record_writer.hpp"

namespace regatta {
namespace {

using nlohmann::json;

constexpr const char* how_to_read =
    "Changes: E-divisive on the logarithms of the runs' medians, 0.5 % risk of a change in a "
    "series "
    "that has none; the ratio is that of the medians after and before. Runs of different machines "
    "and placements are never put in one series.";

std::string percent_change(double ratio) {
    return fmt::format("{:+.1f} %", (ratio - 1) * 100);
}

/// When and by which commit the new level began.
std::string moment_of(const history_series::point& point) {
    const std::string day = point.started_at.substr(0, point.started_at.find('T'));
    return point.commit.empty() ? day : fmt::format("{} ({})", day, point.commit.substr(0, 9));
}

std::string changes_cell(const history_series& series) {
    std::string text;
    for (auto change = series.changes.rbegin(); change != series.changes.rend(); ++change) {
        text += fmt::format("{}{} at {}", text.empty() ? "" : "; ", percent_change(change->ratio),
                            moment_of(series.points[change->at]));
    }
    return text.empty() ? "none" : text;
}

std::string latest_cell(const history_series& series) {
    const std::size_t count = series.points.size();
    const double latest = series.points.back().median;
    return count < 2 ? std::string(format::absent)
                     : percent_change(latest / series.points[count - 2].median);
}

}  // namespace

std::string render_history(const std::vector<history_series>& all) {
    using align = markdown_table::align;
    std::string text;
    for (auto begin = all.begin(); begin != all.end();) {
        const auto heading = [](const history_series& series) {
            return fmt::format("### {}, machine {}, placement {}\n\n", series.metric,
                               series.machine, series.placement);
        };
        const std::string unit(format::unit_of(begin->metric).name);
        markdown_table table({{"benchmark", align::left},
                              {"runs"},
                              {unit.empty() ? "latest" : "latest " + unit},
                              {"to the one before"},
                              {"changes, latest first", align::left}});
        text += heading(*begin);
        const std::string own = heading(*begin);
        for (; begin != all.end() && heading(*begin) == own; ++begin) {
            table.add({begin->benchmark, std::to_string(begin->points.size()),
                       format::quantity(begin->points.back().median, begin->metric),
                       latest_cell(*begin), changes_cell(*begin)});
        }
        text += table.text() + "\n";
    }
    return text + how_to_read + "\n";
}

json to_json(const history_series& series) {
    const auto text = [](const std::string& known) { return known.empty() ? json() : json(known); };
    json points = json::array();
    for (const history_series::point& each : series.points) {
        points.push_back({{"run_id", each.run_id},
                          {"started_at", each.started_at},
                          {"commit", text(each.commit)},
                          {"compiler", text(each.compiler)},
                          {"cpu_model", text(each.cpu_model)},
                          {"kernel", text(each.kernel)},
                          {"trials", each.trials},
                          {"median", each.median},
                          {"low", json_or_null(each.low)},
                          {"high", json_or_null(each.high)}});
    }
    json changes = json::array();
    for (const stats::change_point& each : series.changes) {
        changes.push_back({{"at", each.at}, {"ratio", each.ratio}, {"p", each.p}});
    }
    return {{"record", "series"},
            {"schema", record_schema},
            {"machine", series.machine},
            {"placement", series.placement},
            {"benchmark", series.benchmark},
            {"metric", series.metric},
            {"points", std::move(points)},
            {"changes", std::move(changes)}};
}

}  // namespace regatta
