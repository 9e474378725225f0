#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/load/result.hpp"

namespace regatta::load {

/// Turns what happens to requests into figures. Counts always; latency, intervals and the number
/// in flight only between begin_window() and end_window(). Times are CLOCK_MONOTONIC, in ns, and
/// must not decrease.
class recorder {
public:
    /// `interval_ns` cuts a window of `window_ns`; the last interval is as long as what is left.
    recorder(std::uint64_t window_ns, std::uint64_t interval_ns);

    void sent(std::uint64_t requests, std::uint64_t now_ns) {
        counts_.requests += requests;
        change_in_flight(static_cast<std::int64_t>(requests), now_ns);
    }
    void replied(std::uint64_t sent_ns, std::uint64_t now_ns, bool is_right) {
        ++counts_.replies;
        counts_.wrong_replies += is_right ? 0 : 1;
        change_in_flight(-1, now_ns);
        while (now_ns >= interval_end_) {
            close_interval();
        }
        current_.record(now_ns - sent_ns);
    }
    /// `requests` will not be answered: their connection is gone.
    void abandoned(std::uint64_t requests, std::uint64_t now_ns) {
        change_in_flight(-static_cast<std::int64_t>(requests), now_ns);
    }

    void begin_window(std::uint64_t now_ns);
    void end_window(std::uint64_t now_ns);

    std::uint64_t in_flight() const { return static_cast<std::uint64_t>(in_flight_); }
    /// The connections' counters, for what the recorder does not see itself.
    client_counters& counts() { return counts_; }
    /// Puts the figures into `result`; after the window, once.
    void report(load_result& result);

private:
    void change_in_flight(std::int64_t difference, std::uint64_t now_ns) {
        request_time_ += static_cast<double>(in_flight_) * static_cast<double>(now_ns - changed_);
        changed_ = now_ns;
        in_flight_ += difference;
    }
    void close_interval();

    std::uint64_t window_ns_;
    std::uint64_t interval_ns_;
    std::uint64_t begin_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t interval_begin_ = 0;
    std::uint64_t interval_end_;
    // Values of the interval that runs; outside the window, values that are thrown away.
    histogram current_;
    histogram latency_;
    std::vector<interval> intervals_;
    client_counters counts_;
    std::int64_t in_flight_ = 0;
    std::uint64_t changed_ = 0;
    double request_time_ = 0;  // requests in flight, integrated over time in ns
    double mean_in_flight_ = 0;
};

}  // namespace regatta::load
