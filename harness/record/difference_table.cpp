#include "harness/record/difference_table.hpp"

#include <fmt/format.h>

#include "harness/measure/metrics.hpp"
#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"

namespace regatta {
namespace {

using nlohmann::json;
using finding = metric_difference::finding;

constexpr const char* unpaired_warning =
    "UNPAIRED: the two were measured at different times, so whatever the machine did in between is "
    "in these ratios. `regatta gate` compares two builds in pairs, where that cancels.";

std::string titled(const char* word, std::string_view metric) {
    const std::string_view unit = format::unit_of(metric).name;
    return unit.empty() ? word : fmt::format("{} {}", word, unit);
}

std::string ratio_cell(const metric_difference& row) {
    return row.ratio ? format::ratio(row.ratio->value, row.ratio->range)
                     : std::string(format::absent);
}

/// The rows of one metric from `begin` on; gives where the next metric begins.
std::size_t add_table(const std::vector<metric_difference>& rows, std::size_t begin,
                      std::string& text) {
    using align = markdown_table::align;
    const std::string& metric = rows[begin].metric;
    markdown_table table({{"benchmark", align::left},
                          {titled("before", metric)},
                          {titled("after", metric)},
                          {"after/before (95 %)"},
                          {"trials"},
                          {"verdict", align::left}});
    std::size_t i = begin;
    for (; i < rows.size() && rows[i].metric == metric; ++i) {
        const metric_difference& row = rows[i];
        table.add({row.benchmark, format::quantity(row.before.median, metric),
                   format::quantity(row.after.median, metric), ratio_cell(row),
                   fmt::format("{} and {}", row.before.trials, row.after.trials),
                   std::string(name_of(row.found))});
    }
    text += fmt::format("### {}\n\n{}\n", metric, table.text());
    return i;
}

std::string list_of(const char* title, const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += fmt::format("- {}{}\n", title, escape_cell(line));
    }
    return text;
}

json estimate_json(const stats::estimate& estimate) {
    return {{"trials", estimate.trials}, {"median", json_or_null(estimate.median)}};
}

}  // namespace

std::string conclusion_of(const record_difference& difference) {
    if (difference.rows.empty()) {
        return "Nothing was compared: no benchmark has valid trials in both files.";
    }
    if (difference.why_not_judged) {
        return "Not judged: " + *difference.why_not_judged + ".";
    }
    return fmt::format("Of {} figures: {} worse, {} better, {} the same, {} undecided.",
                       difference.rows.size(), difference.count(finding::worse),
                       difference.count(finding::better), difference.count(finding::same),
                       difference.count(finding::undecided));
}

std::string render_difference(const record_difference& difference, const compared_files& files,
                              bool is_report) {
    std::string text;
    if (is_report) {
        text += fmt::format("## {} against {}\n\n**{}**\n\n", escape_cell(files.after),
                            escape_cell(files.before), conclusion_of(difference));
    }
    for (std::size_t i = 0; i < difference.rows.size();) {
        i = add_table(difference.rows, i, text);
    }
    std::string notes = list_of("only before: ", difference.only_before) +
                        list_of("only after: ", difference.only_after) +
                        list_of("differs: ", difference.conditions);
    text += notes.empty() ? "" : notes + "\n";
    if (!difference.rows.empty()) {
        text += fmt::format("{}\n", unpaired_warning);
    }
    if (!is_report) {
        text += conclusion_of(difference) + "\n";
    }
    return text;
}

json to_json(const record_difference& difference, const compared_files& files) {
    json rows = json::array();
    for (const metric_difference& row : difference.rows) {
        const bool has_range = row.ratio && row.ratio->range;
        rows.push_back({{"benchmark", row.benchmark},
                        {"metric", row.metric},
                        {"before", estimate_json(row.before)},
                        {"after", estimate_json(row.after)},
                        {"ratio", row.ratio ? json(row.ratio->value) : json()},
                        {"ratio_low", has_range ? json(row.ratio->range->low) : json()},
                        {"ratio_high", has_range ? json(row.ratio->range->high) : json()},
                        {"p", row.ratio ? json_or_null(row.ratio->p) : json()},
                        {"p_adjusted", json_or_null(row.p_adjusted)},
                        {"verdict", name_of(row.found)}});
    }
    return {{"kind", "diff"},
            {"is_paired", false},
            {"before", files.before},
            {"after", files.after},
            {"why_not_judged", json_or_null(difference.why_not_judged)},
            {"only_before", difference.only_before},
            {"only_after", difference.only_after},
            {"conditions", difference.conditions},
            {"differences", std::move(rows)},
            {"conclusion", conclusion_of(difference)}};
}

}  // namespace regatta
