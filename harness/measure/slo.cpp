#include "harness/measure/slo.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "harness/measure/histogram_json.hpp"

namespace regatta {
namespace {

/// Takes a number off the front of `text`; nothing when there is none above 0.
std::optional<double> take_number(std::string_view& text) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc() || !(value > 0)) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

std::optional<double> nanoseconds_per(std::string_view unit) {
    constexpr std::array<std::pair<std::string_view, double>, 4> units{
        {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
    for (const auto& [name, factor] : units) {
        if (unit == name) {
            return factor;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<service_objective> parse_service_objective(std::string_view text) {
    constexpr double percent_max = 99.999;
    constexpr double bound_ns_max = 3600e9;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || text.substr(0, 1) != "p") {
        return std::nullopt;
    }
    std::string_view digits = text.substr(1, equals - 1);
    std::string_view bound = text.substr(equals + 1);
    const auto percent = take_number(digits);
    const auto value = take_number(bound);
    const auto factor = nanoseconds_per(bound);
    if (!percent || !digits.empty() || *percent > percent_max || !value || !factor ||
        *value * *factor < 1 || *value * *factor > bound_ns_max) {
        return std::nullopt;
    }
    return service_objective{std::string(text.substr(0, equals)), *percent / 100,
                             static_cast<std::uint64_t>(std::llround(*value * *factor))};
}

censored_percentile percentile_of_trial(const service_objective& objective,
                                        const nlohmann::json& trial) {
    const histogram answered = histogram_from_json(trial.at("latency"));
    censored_latency latency{answered, 0, std::nullopt};
    if (const nlohmann::json& open = trial.at("open_loop"); open.at("censored") != 0) {
        latency.censored = open.at("censored").get<std::uint64_t>();
        latency.censored_ns_min = open.at("censored_ns_min").get<std::uint64_t>();
    }
    return percentile_of(latency, objective.fraction);
}

}  // namespace regatta
