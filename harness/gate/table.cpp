#include "harness/gate/table.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/gate/metric.hpp"
#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"

namespace regatta::gate {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 6> bad_to_good{"REGRESSED", "MINOR", "INCONCLUSIVE",
                                                      "IMPROVED",  "OK",    "IDENTICAL"};

std::size_t rank_of(const json& cell) {
    const auto name = cell.at("verdict").get<std::string>();
    return static_cast<std::size_t>(std::find(bad_to_good.begin(), bad_to_good.end(), name) -
                                    bad_to_good.begin());
}

std::string quantity(const json& value, std::string_view field) {
    return value.is_number() ? format::quantity(value.get<double>(), field)
                             : std::string(format::absent);
}

std::string percent(const json& ratio) {
    return fmt::format("{:+.1f}", (ratio.get<double>() - 1) * 100);
}

/// "p99"
std::string word_of(const json& field) {
    const metric* known = find_metric(field.get<std::string>());
    return known == nullptr ? field.get<std::string>() : std::string(known->word);
}

/// "cpu us/op"
std::string title_of(const json& cell) {
    const auto field = cell.at("metric").get<std::string>();
    return fmt::format("{} {}", word_of(field), format::unit_of(field).name);
}

std::vector<std::string> row_of(const json& cell) {
    const auto field = cell.at("metric").get<std::string>();
    const bool is_known = cell.at("worsening").is_number();
    return {cell.at("verdict").get<std::string>(),
            cell.at("benchmark").get<std::string>(),
            title_of(cell),
            quantity(cell.at("base_median"), field),
            quantity(cell.at("head_median"), field),
            is_known ? percent(cell.at("worsening")) : std::string(format::absent),
            is_known ? fmt::format("{} to {}", percent(cell.at("worsening_low")),
                                   percent(cell.at("worsening_high")))
                     : std::string(format::absent),
            fmt::format("{:.0f}", cell.at("tolerance").get<double>() * 100),
            std::to_string(cell.at("pairs").get<int>())};
}

bool has_failed(const report& told, const json& benchmark) {
    const json& errors = told.summary.at("errors");
    return std::any_of(errors.begin(), errors.end(),
                       [&](const json& each) { return each.at("benchmark") == benchmark; });
}

/// Metrics that a benchmark's trials do not have, in one line for each benchmark.
void add_not_measured(const report& told, std::string& text) {
    std::vector<std::pair<std::string, std::vector<std::string>>> absent;
    for (const json& each : told.summary.value("not_measured", json::array())) {
        auto name = each.at("benchmark").get<std::string>();
        if (absent.empty() || absent.back().first != name) {
            absent.push_back({std::move(name), {}});
        }
        absent.back().second.push_back(word_of(each.at("metric")));
    }
    for (const auto& [name, words] : absent) {
        text +=
            fmt::format("- {}: no {} in its trials; not compared\n", name, format::listing(words));
    }
}

/// Why cells are inconclusive; metrics of a benchmark with the same reason in one line.
void add_inconclusive(const report& told, std::string& text) {
    std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
    for (const json& cell : told.cells) {
        // Why a benchmark failed is told once, not for each of its metrics.
        if (cell.at("verdict") != "INCONCLUSIVE" || has_failed(told, cell.at("benchmark"))) {
            continue;
        }
        const std::string key =
            fmt::format("- {}, {{}}: {}\n", cell.at("benchmark").get<std::string>(),
                        cell.at("sentence").get<std::string>());
        if (reasons.empty() || reasons.back().first != key) {
            reasons.push_back({key, {}});
        }
        reasons.back().second.push_back(word_of(cell.at("metric")));
    }
    for (const auto& [key, words] : reasons) {
        std::string line = key;
        text += line.replace(line.find("{}"), 2, format::listing(words));
    }
}

}  // namespace

std::string side_words(const report& told, const std::string& side) {
    const json gate = told.run.value("gate", json::object());
    const json about = gate.value(side, json::object());
    const json reference = about.value("reference", json());
    if (reference.is_string()) {
        return reference.get<std::string>();
    }
    return about.value("folder", side);
}

std::vector<json> worst_first(std::vector<json> cells) {
    std::stable_sort(cells.begin(), cells.end(),
                     [](const json& a, const json& b) { return rank_of(a) < rank_of(b); });
    return cells;
}

bool is_news(const json& cell) {
    return cell.at("verdict") != "OK" && cell.at("verdict") != "IDENTICAL";
}

std::string cells_table(const std::vector<json>& cells) {
    using align = markdown_table::align;
    markdown_table table({{"verdict", align::left},
                          {"benchmark", align::left},
                          {"metric", align::left},
                          {"base"},
                          {"head"},
                          {"worse by %"},
                          {"interval"},
                          {"tolerance %"},
                          {"pairs"}});
    for (const json& cell : cells) {
        table.add(row_of(cell));
    }
    return table.text();
}

std::string remarks(const report& told) {
    std::string text;
    for (const json& each : told.summary.at("errors")) {
        text += fmt::format("- {}: {}\n", each.at("benchmark").get<std::string>(),
                            each.at("reason").get<std::string>());
    }
    for (const json& each : told.summary.at("lost_trials")) {
        text += fmt::format("- {}: {} trials of the base and {} of the head failed, last: {}\n",
                            each.at("benchmark").get<std::string>(), each.at("base").get<int>(),
                            each.at("head").get<int>(), each.at("reason").get<std::string>());
    }
    add_inconclusive(told, text);
    add_not_measured(told, text);
    for (const char* side : {"base", "head"}) {
        for (const json& name : told.summary.at(fmt::format("only_{}", side))) {
            text +=
                fmt::format("- {}: only on the {}; not compared\n", name.get<std::string>(), side);
        }
    }
    if (told.summary.at("is_budget_used_up").get<bool>()) {
        text += fmt::format("- The budget of {:.0f} s was used up; give more with --budget.\n",
                            told.summary.at("budget_s").get<double>());
    }
    if (told.summary.at("interrupted").get<bool>()) {
        text += "- Interrupted: the verdicts are of the pairs until then.\n";
    }
    return text;
}

std::string render_terminal(const report& told) {
    std::string text;
    if (!told.cells.empty()) {
        text += cells_table(worst_first(told.cells)) + "\n";
    }
    const std::string more = remarks(told);
    if (!more.empty()) {
        text += more + "\n";
    }
    text += fmt::format("{}: {}\n", told.summary.at("verdict").get<std::string>(),
                        told.summary.at("sentence").get<std::string>());
    return text;
}

}  // namespace regatta::gate
