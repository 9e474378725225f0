#include "harness/plan/arrival_pattern.hpp"

#include <cmath>

namespace regatta {
namespace {

using std::chrono::milliseconds;

std::string_view word_of(const benchmark& arm) {
    return arrival_words[static_cast<std::size_t>(arm.arrivals)];
}

/// The patterns that `arrivals` names; the mean of their rates over time is 1.
std::vector<rate_step> shape_of(std::string_view word) {
    if (word == "bursts") {
        return {{milliseconds(20), 3.0}, {milliseconds(80), 0.5}};
    }
    if (word == "steps") {
        return {{milliseconds(200), 0.5}, {milliseconds(200), 1.0}, {milliseconds(200), 1.5}};
    }
    return {};
}

}  // namespace

std::vector<rate_step> steps_of(const benchmark& arm) {
    if (arm.pattern) {
        return arm.pattern->steps;
    }
    std::vector<rate_step> steps;
    if (arm.is_open_loop()) {
        steps = shape_of(word_of(arm));
    }
    for (rate_step& each : steps) {
        each.rate_per_s *= arm.offered_per_s();
    }
    return steps;
}

std::string_view spread_of(const benchmark& arm) {
    const bool is_even = arm.pattern && arm.pattern->parameter == bursts_parameter;
    return is_even || word_of(arm) == "constant" ? "constant" : "poisson";
}

std::string_view schedule_of(const benchmark& arm) {
    return arm.pattern ? std::string_view(arm.pattern->parameter) : word_of(arm);
}

double whole_periods_s(const benchmark& arm, double seconds) {
    const std::vector<rate_step> steps = steps_of(arm);
    if (steps.empty()) {
        return seconds;
    }
    // A length that is whole but for rounding stays as it is.
    const double periods = std::ceil(seconds / period_s(steps) - 1e-9);
    return std::max(1.0, periods) * period_s(steps);
}

}  // namespace regatta
