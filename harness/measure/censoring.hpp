#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

#include "harness/measure/histogram.hpp"

namespace regatta {

/// Latencies of which some are only known to be long: their requests were never answered.
struct censored_latency {
    const histogram& answered;
    std::uint64_t censored = 0;
    std::optional<std::uint64_t> censored_ns_min;  ///< the least that one of them had waited
};

/// A percentile, or what it is above, or neither where there are too few requests.
struct censored_percentile {
    std::optional<std::uint64_t> ns;
    std::optional<std::uint64_t> above_ns;  ///< it falls among the unanswered: print ">T"
};

/// The percentile of all requests, those without a reply counted as slower than all others: so it
/// is never too low. Needs 100 / (1 - fraction) requests, as histogram::percentile does.
inline censored_percentile percentile_of(const censored_latency& latency, double fraction) {
    const auto count = static_cast<double>(latency.answered.count() + latency.censored);
    if (latency.censored == 0 || count * (1 - fraction) < 100 * (1 - 1e-9)) {
        return {latency.censored == 0 ? latency.answered.percentile(fraction) : std::nullopt, {}};
    }
    const double rank = std::ceil(fraction * count);
    const auto answered = static_cast<double>(latency.answered.count());
    if (rank > answered) {
        return {std::nullopt, latency.censored_ns_min.value_or(0)};
    }
    // Half a rank less, so that rounding cannot take the next one.
    return {latency.answered.value_at((rank - 0.5) / answered), std::nullopt};
}

}  // namespace regatta
