#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "harness/plan/benchmark.hpp"

namespace regatta {

/// A part of a pattern: for so long, so many times the mean rate.
struct rate_phase {
    std::chrono::milliseconds duration;
    double factor;
};

/// The phases of `arrivals` (an index in arrival_words), over and over again; none for a rate that
/// does not change. The mean of their factors over time is 1, and within a phase arrivals are
/// Poisson.
inline std::span<const rate_phase> phases_of(std::int64_t arrivals) {
    using std::chrono::milliseconds;
    static constexpr std::array bursts{rate_phase{milliseconds(20), 3.0},
                                       rate_phase{milliseconds(80), 0.5}};
    static constexpr std::array steps{rate_phase{milliseconds(200), 0.5},
                                      rate_phase{milliseconds(200), 1.0},
                                      rate_phase{milliseconds(200), 1.5}};
    const std::string_view word = arrival_words[static_cast<std::size_t>(arrivals)];
    return word == "bursts"  ? std::span<const rate_phase>(bursts)
           : word == "steps" ? std::span<const rate_phase>(steps)
                             : std::span<const rate_phase>();
}

/// How long the phases take together, in seconds; 0 for none.
inline double pattern_period_s(std::int64_t arrivals) {
    std::chrono::duration<double> sum{};
    for (const rate_phase& each : phases_of(arrivals)) {
        sum += each.duration;
    }
    return sum.count();
}

}  // namespace regatta
