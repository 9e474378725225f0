#include "harness/distributed/disagreement.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "harness/distributed/roster.hpp"
#include "harness/measure/histogram_json.hpp"

namespace regatta::distributed {
namespace {

using nlohmann::json;

constexpr double milliseconds = 1e-6;
constexpr double microseconds = 1e-3;

struct extremes {
    const loader* least = nullptr;
    const loader* most = nullptr;
    double low = 0;
    double high = 0;

    bool are_apart(double ratio) const { return least != nullptr && high > ratio * low; }
};

// Of the ranks that have it, the one with the least and the one with the most of a figure.
extremes extremes_of(const roster& ranks,
                     const std::function<std::optional<double>(const loader&)>& figure) {
    extremes found;
    for (const loader& each : ranks.all()) {
        const auto value = each.result.is_null() ? std::nullopt : figure(each);
        if (value && (found.least == nullptr || *value < found.low)) {
            found.least = &each;
            found.low = *value;
        }
        if (value && (found.most == nullptr || *value > found.high)) {
            found.most = &each;
            found.high = *value;
        }
    }
    return found;
}

// With fewer values in it, a median is chance.
std::optional<double> median_us(const loader& of) {
    const histogram latency = histogram_from_json(of.result.at("latency"));
    constexpr std::uint64_t values_min = 200;
    return latency.count() < values_min
               ? std::nullopt
               : std::optional(static_cast<double>(latency.value_at(0.5)) * microseconds);
}

std::optional<double> replies_per_connection(const loader& of) {
    constexpr double replies_min = 1000;
    const auto replies = of.result.at("replies_measured").get<double>();
    const auto connections = of.result.at("client").at("connections").get<double>();
    return replies < replies_min || connections == 0 ? std::nullopt
                                                     : std::optional(replies / connections);
}

void compare_clocks(const roster& ranks, std::vector<std::string>& found) {
    for (const loader& each : ranks.all()) {
        constexpr std::int64_t far_ns = 100'000;
        if (each.clock_after.exchanges() == 0) {
            continue;
        }
        const std::int64_t drift = drift_ns(each.clock, each.clock_after);
        if (drift > far_ns || drift < -far_ns) {
            found.push_back(fmt::format("the clock of {} ran {:.2f} ms away during the load",
                                        each.name(), static_cast<double>(drift) * milliseconds));
        }
    }
}

}  // namespace

std::vector<std::string> disagreements(const roster& ranks) {
    std::vector<std::string> found;
    if (const auto medians = extremes_of(ranks, median_us); medians.are_apart(1.2)) {
        found.push_back(
            fmt::format("the ranks disagree: median latency {:.0f} us at {}, {:.0f} us "
                        "at {}; the pooled percentiles are of neither",
                        medians.low, medians.least->name(), medians.high, medians.most->name()));
    }
    if (const auto rates = extremes_of(ranks, replies_per_connection); rates.are_apart(1.1)) {
        found.push_back(
            fmt::format("the ranks disagree: {:.0f} replies per connection at {}, "
                        "{:.0f} at {}",
                        rates.low, rates.least->name(), rates.high, rates.most->name()));
    }
    const auto begins = extremes_of(ranks, [](const loader& each) {
        return std::optional(each.result.at("begin_late_ns").get<double>() * milliseconds);
    });
    if (constexpr double late_ms = 5; begins.most != nullptr && begins.high > late_ms) {
        found.push_back(
            fmt::format("{} began {:.1f} ms late: its host is busy, or its clock is "
                        "known too badly",
                        begins.most->name(), begins.high));
    }
    compare_clocks(ranks, found);
    const auto engines = extremes_of(ranks, [](const loader& each) {
        return std::optional(each.result.at("engine") == "io_uring" ? 1.0 : 0.0);
    });
    if (engines.least != nullptr && engines.low != engines.high) {
        found.push_back(fmt::format("the ranks load with different engines: {} with epoll",
                                    engines.least->name()));
    }
    return found;
}

}  // namespace regatta::distributed
