#include "harness/measure/steady_state.hpp"

#include <fmt/format.h>

#include "harness/stats/steady_state.hpp"

namespace regatta {
namespace {

using nlohmann::json;

/// The values of `field` in all intervals but the last; those that are null are left out.
std::vector<double> series_of(const json& intervals, const char* field) {
    std::vector<double> values;
    for (std::size_t i = 0; i + 1 < intervals.size(); ++i) {
        const json& value = intervals[i].at(field);
        if (!value.is_null()) {
            values.push_back(value.get<double>());
        }
    }
    return values;
}

void warn_of_trend(const std::optional<stats::steadiness>& found, const char* what,
                   std::vector<std::string>& warnings) {
    if (found && found->has_trend) {
        warnings.push_back(fmt::format(
            "not in a steady state: the {} latency of the intervals {} throughout the window; "
            "measure longer, or later with --warmup",
            what, found->slope->slope > 0 ? "rises" : "falls"));
    }
}

json per_second(const std::optional<stats::steadiness>& found, double interval_s) {
    return found && found->slope ? json(found->slope->slope / interval_s) : json();
}

}  // namespace

steady_state judge_steady_state(const json& intervals, double window_ns) {
    steady_state judged;
    const auto means = stats::steadiness_of(series_of(intervals, "latency_ns_mean"));
    if (!means) {
        return judged;
    }
    const auto tails = stats::steadiness_of(series_of(intervals, "latency_ns_p99"));
    const double interval_ns = window_ns / static_cast<double>(intervals.size());
    const double cut_ns = static_cast<double>(means->cut) * interval_ns;
    if (means->has_warmup) {
        judged.warnings.push_back(
            fmt::format("not in a steady state: the first {:.0f} ms of the window look like "
                        "warm-up; give a longer --warmup",
                        cut_ns / 1e6));
    }
    warn_of_trend(means, "mean", judged.warnings);
    warn_of_trend(tails, "p99", judged.warnings);
    judged.record = {{"mser_cut_ns", static_cast<std::int64_t>(cut_ns)},
                     {"slope_per_s", per_second(means, interval_ns / 1e9)},
                     {"p99_slope_per_s", per_second(tails, interval_ns / 1e9)},
                     {"is_steady", judged.warnings.empty()}};
    return judged;
}

}  // namespace regatta
