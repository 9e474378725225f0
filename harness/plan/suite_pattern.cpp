#include "harness/plan/suite_pattern.hpp"

#include <array>

#include <fmt/format.h>

#include "harness/plan/rate_pattern.hpp"

namespace regatta {
namespace {

constexpr std::array step_keys{"duration_s", "rate_per_s"};
constexpr std::array burst_keys{"requests", "period_s"};

double number_at(const toml_file& file, const toml::table& table, const char* key) {
    const toml::node* node = table.get(key);
    if (node == nullptr || !node->is_number()) {
        file.refuse(node == nullptr ? table : *node, fmt::format("'{}' must be a number", key));
    }
    return *node->value<double>();
}

std::string step_text(const toml_file& file, const toml::table& step) {
    file.refuse_unknown_keys(step, step_keys);
    return fmt::format("{}s@{}", number_at(file, step, "duration_s"),
                       number_at(file, step, "rate_per_s"));
}

std::string burst_text(const toml_file& file, const toml::table& bursts) {
    file.refuse_unknown_keys(bursts, burst_keys);
    return fmt::format("{}@{}s", number_at(file, bursts, "requests"),
                       number_at(file, bursts, "period_s"));
}

bool is_list_of_tables(const toml::node& node) {
    const toml::array* list = node.as_array();
    return list != nullptr && !list->empty() && list->front().is_table();
}

/// One pattern as a text; empty when `node` has none of the forms of one.
std::string text_of(const toml_file& file, std::string_view parameter, const toml::node& node) {
    if (node.is_string()) {
        return *node.value<std::string>();
    }
    if (parameter == bursts_parameter) {
        return node.is_table() ? burst_text(file, *node.as_table()) : "";
    }
    std::string text;
    if (is_list_of_tables(node)) {
        for (const toml::node& step : *node.as_array()) {
            if (!step.is_table()) {
                return "";
            }
            text += (text.empty() ? "" : ",") + step_text(file, *step.as_table());
        }
    }
    return text;
}

std::string checked(const toml_file& file, std::string_view parameter, const toml::node& node) {
    const std::string text = text_of(file, parameter, node);
    if (text.empty()) {
        file.refuse(node,
                    parameter == steps_parameter
                        ? "steps must be a list of { duration_s = 2, rate_per_s = 1000 }, or "
                          "a text like \"2s@1000,2s@5000\""
                        : "bursts must be { requests = 100, period_s = 0.05 }, or a text like "
                          "\"100@50ms\"");
    }
    const auto pattern = parse_pattern(parameter, text);
    if (!pattern) {
        file.refuse(node, refusal_of_pattern(parameter, text));
    }
    return pattern->text;
}

}  // namespace

std::vector<std::string> pattern_values(const toml_file& file, std::string_view parameter,
                                        const toml::node& node) {
    const toml::array* list = node.as_array();
    if (list == nullptr || (parameter == steps_parameter && is_list_of_tables(node))) {
        return {checked(file, parameter, node)};
    }
    if (list->empty()) {
        file.refuse(node, "an empty list selects nothing");
    }
    std::vector<std::string> values;
    for (const toml::node& each : *list) {
        values.push_back(checked(file, parameter, each));
    }
    return values;
}

}  // namespace regatta
