#include "harness/record/pivot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"
#include "harness/record/notes.hpp"
#include "harness/record/ranking.hpp"

namespace regatta {
namespace {

/// `name` without its `/param:value` for each of `params`.
std::string without(std::string name, std::span<const std::string> params) {
    for (const std::string& param : params) {
        if (const std::size_t at = name.find("/" + param + ":"); at != std::string::npos) {
            name.erase(at, std::min(name.find('/', at + 1), name.size()) - at);
        }
    }
    return name;
}

std::string value_along(const benchmark_summary& summary, const std::string& dimension,
                        const pivot_layout& layout) {
    const std::string axes[] = {layout.rows, layout.columns};
    if (dimension == "runtime") {
        return without(summary.label, axes);
    }
    if (dimension == "benchmark") {
        return without(summary.group, axes);
    }
    if (dimension == "workload") {
        return summary.workload;
    }
    if (dimension == "mode") {
        return summary.mode.empty() ? "job" : summary.mode;
    }
    if (dimension == "run") {
        return summary.run_id;
    }
    const auto found = summary.params.find(dimension);
    if (found == summary.params.end()) {
        return "-";
    }
    return found->is_string() ? found->get<std::string>() : found->dump();
}

/// What is neither row nor column, as the heading of a table.
std::string title_of(const benchmark_summary& summary, const pivot_layout& layout,
                     bool has_several_runs) {
    const auto is_axis = [&layout](const char* name) {
        return layout.rows == name || layout.columns == name;
    };
    const std::string axes[] = {layout.rows, layout.columns};
    std::vector<std::string> parts;
    if (!is_axis("benchmark")) {
        std::string shared = without(summary.group, axes);
        if (is_axis("workload")) {
            shared.erase(0, std::min(shared.find('/'), shared.size() - 1) + 1);
        }
        parts.push_back(shared);
    }
    if (!is_axis("runtime")) {
        parts.push_back(without(summary.label, axes));
    }
    if (!is_axis("mode")) {
        parts.push_back(summary.mode.empty() ? "job" : summary.mode + " loop");
    }
    if (has_several_runs && !is_axis("run")) {
        parts.push_back("run " + summary.run_id);
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

struct dimension_less {
    bool is_runtime;
    bool operator()(const std::string& a, const std::string& b) const {
        const std::string name_a = a.substr(0, a.find('/'));
        const std::string name_b = b.substr(0, b.find('/'));
        return is_runtime && name_a != name_b ? format::runtime_less(name_a, name_b)
                                              : format::natural_less(a, b);
    }
};

/// One table: summaries by row and column.
class pivot {
public:
    pivot(std::span<const benchmark_summary* const> summaries, const pivot_layout& layout)
        : layout_(layout),
          rows_(dimension_less{layout.rows == "runtime"}),
          columns_(dimension_less{layout.columns == "runtime"}) {
        for (const benchmark_summary* summary : summaries) {
            const std::string row = value_along(*summary, layout.rows, layout);
            const std::string column = value_along(*summary, layout.columns, layout);
            rows_.insert(row);
            columns_.insert(column);
            cells_[{row, column}] = summary;
        }
        baseline_is_row_ = rows_.contains(layout.baseline);
    }

    std::string text() const {
        std::vector<markdown_table::column> titles{{layout_.rows, markdown_table::align::left}};
        const bool names_value = layout_.columns != "runtime" && layout_.columns != "workload";
        for (const std::string& column : columns_) {
            titles.push_back({names_value && column != "-" ? layout_.columns + ":" + column
                              : column == "-"              ? layout_.metric
                                                           : column});
        }
        const bool has_means = !layout_.baseline.empty() && baseline_is_row_ && columns_.size() > 1;
        if (has_means) {
            titles.push_back({"geometric mean"});
        }
        markdown_table table(std::move(titles));
        for (const std::string& row : rows_) {
            std::vector<std::string> cells{row};
            std::vector<double> ratios;
            for (const std::string& column : columns_) {
                cells.push_back(cell(row, column, ratios));
            }
            if (has_means) {
                const auto mean =
                    ratios.size() == columns_.size() ? stats::geometric_mean(ratios) : std::nullopt;
                cells.push_back(mean ? format::number(*mean, 2) : std::string(format::absent));
            }
            table.add(std::move(cells));
        }
        return table.text();
    }

private:
    const benchmark_summary* at(const std::string& row, const std::string& column) const {
        const auto found = cells_.find({row, column});
        return found == cells_.end() ? nullptr : found->second;
    }

    /// The cell's text; the ratio that it shows is appended to `ratios`.
    std::string cell(const std::string& row, const std::string& column,
                     std::vector<double>& ratios) const {
        const benchmark_summary* summary = at(row, column);
        if (summary == nullptr) {
            return "-";
        }
        const stats::estimate own = summary->over_trials(layout_.metric);
        if (!own.median) {
            return std::string(format::absent);
        }
        if (layout_.baseline.empty()) {
            return fmt::format("{} ({})", format::quantity(own.median, layout_.metric),
                               format::range(own.range, *own.median, layout_.metric));
        }
        const benchmark_summary* base =
            baseline_is_row_ ? at(layout_.baseline, column) : at(row, layout_.baseline);
        if (base == summary) {
            ratios.push_back(1);
            return "1";
        }
        const auto ratio =
            base == nullptr ? std::nullopt : ratio_of(*summary, *base, layout_.metric);
        if (!ratio) {
            return base == nullptr ? std::string(format::absent) : unpaired(own, *base);
        }
        ratios.push_back(ratio->value);
        return format::ratio(ratio->value, ratio->range) +
               (can_be_told_apart(*summary, *base, layout_.metric) ? "" : " ~");
    }

    std::string unpaired(const stats::estimate& own, const benchmark_summary& base) const {
        const auto other = base.over_trials(layout_.metric).median;
        return other.value_or(0) > 0 ? format::number(*own.median / *other, 2) + " unpaired"
                                     : std::string(format::absent);
    }

    const pivot_layout& layout_;
    std::set<std::string, dimension_less> rows_;
    std::set<std::string, dimension_less> columns_;
    std::map<std::pair<std::string, std::string>, const benchmark_summary*> cells_;
    bool baseline_is_row_ = false;
};

std::string legend_of(const pivot_layout& layout) {
    if (layout.baseline.empty()) {
        return "Median of the ok trials (95 % interval over trials: t on the logarithm, or where "
               "marked * the bootstrap, as t would not hold the median). -: not run; n/a: no "
               "figure.\n";
    }
    return fmt::format(
        "Ratio to {}: geometric mean over paired rounds (95 % interval: t on the logarithm). ~: "
        "cannot be told apart from it, or is not ranked (one connection over loopback); unpaired: "
        "ratio of medians, for want of rounds to pair; -: not run; n/a: no ratio.\n",
        layout.baseline);
}

}  // namespace

std::vector<std::string> pivot_dimensions(std::span<const benchmark_summary> summaries) {
    std::vector<std::string> dimensions{"runtime", "benchmark", "workload", "mode", "run"};
    for (const benchmark_summary& summary : summaries) {
        for (const auto& [name, value] : summary.params.items()) {
            if (std::find(dimensions.begin(), dimensions.end(), name) == dimensions.end()) {
                dimensions.push_back(name);
            }
        }
    }
    return dimensions;
}

std::vector<std::string> pivot_values(std::span<const benchmark_summary> summaries,
                                      const pivot_layout& layout, const std::string& dimension) {
    std::set<std::string, dimension_less> values(dimension_less{dimension == "runtime"});
    for (const benchmark_summary& summary : summaries) {
        values.insert(value_along(summary, dimension, layout));
    }
    return {values.begin(), values.end()};
}

std::string render_pivot(std::span<const benchmark_summary> summaries, const pivot_layout& layout) {
    if (summaries.empty()) {
        return "No trials.\n";
    }
    const bool has_several_runs = std::any_of(
        summaries.begin(), summaries.end(),
        [&summaries](const auto& summary) { return summary.run_id != summaries.front().run_id; });
    std::map<std::string, std::vector<const benchmark_summary*>, dimension_less> tables(
        dimension_less{false});
    for (const benchmark_summary& summary : summaries) {
        tables[title_of(summary, layout, has_several_runs)].push_back(&summary);
    }
    const std::string_view unit = format::unit_of(layout.metric).name;
    const bool has_unit = layout.baseline.empty() && !unit.empty();
    std::string text;
    for (const auto& [title, members] : tables) {
        text += fmt::format("### {}: {}{}{}\n\n{}\n", title, layout.metric, has_unit ? ", " : "",
                            has_unit ? unit : "", pivot(members, layout).text());
    }
    const std::string states = cache_states_line(summaries);
    return text + legend_of(layout) + (states.empty() ? "" : "\n" + states);
}

}  // namespace regatta
