#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/histogram.hpp"

namespace regatta {

/// A generator that was busy for a larger share of the time may have been what limited the rate.
inline constexpr double generator_busy_share = 0.80;

/// What an open-loop trial says of its schedule: was it kept, and could the server keep up.
struct open_loop_evidence {
    double asked_per_s = 0;  ///< the schedule's mean rate
    double window_s = 0;
    double scheduled = 0;        ///< requests that the schedule makes in the window
    bool is_random = true;       ///< in the mean: how many there are is chance
    std::uint64_t arrivals = 0;  ///< requests intended in the window
    std::uint64_t replies = 0;   ///< that came in the window
    std::uint64_t censored = 0;
    std::uint64_t response_ns_p50 = 0;
    std::uint64_t response_ns_p99 = 0;
    std::uint64_t on_time_ns_p99 = 0;  ///< of the response time less the generator's own lag
    std::uint64_t own_lag_ns_p99 = 0;
    std::uint64_t sends = 0;       ///< of the requests in the window, as far as they were answered
    std::uint64_t late_sends = 0;  ///< own lag above lateness_tolerance_ns
    bool spins = false;            ///< the generator's CPU time says nothing: it waits by spinning
    double generator_cpu_share = 0;

    /// The requests that were waiting at the window's end and not at its beginning.
    std::int64_t backlog_growth() const {
        return static_cast<std::int64_t>(arrivals) - static_cast<std::int64_t>(replies);
    }
    /// Whether the backlog grew by more than chance: 0.5 % of the arrivals and 3 standard
    /// deviations of a Poisson count. Then the rate is more than was served, and latency depends on
    /// how long the window is.
    bool is_saturated() const;
    /// The share of sends that were in time.
    double adherence() const;
};

/// How late a send may be and still be in time: 100 us, or 1 % of the median response.
std::uint64_t lateness_tolerance_ns(std::uint64_t response_ns_p50);

/// Number of values of `values` above `bound`, to the width of a bucket.
std::uint64_t count_above(const histogram& values, std::uint64_t bound);

/// The gates of an open loop (harness/README.md lists them).
struct open_loop_verdict {
    std::vector<std::string> reasons;    ///< why the figures must not be used
    std::vector<std::string> transient;  ///< the same, but it may be the moment's
    std::vector<std::string> warnings;
};
open_loop_verdict judge_open_loop(const open_loop_evidence& evidence);

}  // namespace regatta
