#include "harness/gate/metric.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/record/format.hpp"

namespace regatta::gate {

const metric* find_metric(std::string_view name) {
    const auto* const found = std::find_if(
        metrics.begin(), metrics.end(),
        [name](const metric& each) { return each.word == name || each.field == name; });
    return found == metrics.end() ? nullptr : found;
}

std::string metric_words() {
    std::string words;
    for (const metric& each : metrics) {
        words += fmt::format("{}{}", words.empty() ? "" : ", ", each.word);
    }
    return words;
}

std::optional<double> value_of(const nlohmann::json& trial, std::string_view field) {
    const auto all = trial.find("metrics");
    if (all == trial.end() || !all->is_object()) {
        return std::nullopt;
    }
    const auto found = all->find(field);
    if (found == all->end() || !found->is_number() || !(found->get<double>() > 0)) {
        return std::nullopt;
    }
    return found->get<double>();
}

std::optional<double> log_worsening(const nlohmann::json& base, const nlohmann::json& head,
                                    std::string_view field) {
    const auto before = value_of(base, field);
    const auto after = value_of(head, field);
    if (!before || !after) {
        return std::nullopt;
    }
    const double growth = std::log(*after / *before);
    return format::more_is_better(field) ? -growth : growth;
}

}  // namespace regatta::gate
