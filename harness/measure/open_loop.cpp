#include "harness/measure/open_loop.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace regatta {
namespace {

// The limits; harness/README.md gives the reasons for them.
constexpr std::uint64_t lateness_ns = 100'000;
constexpr double lateness_share_of_median = 0.01;
constexpr double adherence_min = 0.99;
constexpr double adherence_expected = 0.999;
constexpr double lag_share_of_response = 0.10;
constexpr double rate_tolerance = 0.005;
constexpr double growth_deviations = 3;
// One false alarm in 16,000 trials.
constexpr double count_deviations = 4;

double microseconds(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e3;
}

void check_rate(const open_loop_evidence& evidence, std::vector<std::string>& reasons) {
    const double chance = evidence.is_random ? count_deviations * std::sqrt(evidence.scheduled) : 0;
    const double difference = std::abs(static_cast<double>(evidence.arrivals) - evidence.scheduled);
    if (difference > rate_tolerance * evidence.scheduled + chance + 1) {
        reasons.push_back(fmt::format(
            "the schedule was not followed: {} requests were due, and {:.0f}/s make {:.0f}",
            evidence.arrivals, evidence.scheduled / evidence.window_s, evidence.scheduled));
    }
}

void check_lateness(const open_loop_evidence& evidence, open_loop_verdict& found) {
    const double adherence = evidence.adherence();
    const std::string sentence = fmt::format(
        "the generator sent {:.2f} % of the requests more than {:.0f} us late",
        100 * (1 - adherence), microseconds(lateness_tolerance_ns(evidence.response_ns_p50)));
    if (adherence < adherence_min) {
        found.transient.push_back(sentence);
    } else if (adherence < adherence_expected) {
        found.warnings.push_back(sentence);
    }
    const double limit_ns = lag_share_of_response * static_cast<double>(evidence.response_ns_p99);
    const auto own_lag_ns = static_cast<double>(evidence.own_lag_ns_p99);
    const auto on_time_ns = static_cast<double>(evidence.on_time_ns_p99);
    if (static_cast<double>(evidence.response_ns_p99) - on_time_ns > limit_ns) {
        found.transient.push_back(fmt::format(
            "the generator's own lag makes up more than a tenth of the response time's p99: "
            "{:.0f} us, and {:.0f} us without it",
            microseconds(evidence.response_ns_p99), on_time_ns / 1e3));
    } else if (own_lag_ns > limit_ns) {
        found.warnings.push_back(fmt::format(
            "the generator's own lag is {:.0f} us at p99, more than a tenth of the response time's "
            "{:.0f} us",
            own_lag_ns / 1e3, microseconds(evidence.response_ns_p99)));
    }
}

}  // namespace

bool open_loop_evidence::is_saturated() const {
    const auto due = static_cast<double>(arrivals);
    return static_cast<double>(backlog_growth()) >
           rate_tolerance * due + growth_deviations * std::sqrt(due);
}

double open_loop_evidence::adherence() const {
    return sends == 0 ? 1 : 1 - static_cast<double>(late_sends) / static_cast<double>(sends);
}

std::uint64_t lateness_tolerance_ns(std::uint64_t response_ns_p50) {
    return std::max(lateness_ns, static_cast<std::uint64_t>(lateness_share_of_median *
                                                            static_cast<double>(response_ns_p50)));
}

std::uint64_t count_above(const histogram& values, std::uint64_t bound) {
    std::uint64_t count = 0;
    for (const auto& [index, times] : values.sparse()) {
        count += histogram::lowest_of(index) > bound ? times : 0;
    }
    return count;
}

open_loop_verdict judge_open_loop(const open_loop_evidence& evidence) {
    open_loop_verdict found;
    check_rate(evidence, found.reasons);
    check_lateness(evidence, found);
    if (!evidence.spins && evidence.generator_cpu_share > generator_busy_share) {
        found.reasons.push_back(
            fmt::format("the generator was busy {:.0f} % of the time: it may have been late itself",
                        100 * evidence.generator_cpu_share));
    }
    if (evidence.is_saturated()) {
        found.warnings.push_back(
            fmt::format("saturated: {} of {} requests were not answered in the window, so latency "
                        "depends on its length",
                        evidence.backlog_growth(), evidence.arrivals));
    }
    if (evidence.censored != 0) {
        found.warnings.push_back(
            fmt::format("{} of {} requests were never answered; percentiles that fall among them "
                        "are printed >T",
                        evidence.censored, evidence.arrivals));
    }
    return found;
}

}  // namespace regatta
