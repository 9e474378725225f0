#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/load/clock.hpp"
#include "harness/load/request_times.hpp"
#include "harness/load/result.hpp"

namespace regatta::load {

/// Turns what happens to requests into figures. Counts always; intervals and the number in flight
/// only between begin_window() and end_window(). Times are CLOCK_MONOTONIC, in ns, and must not
/// decrease.
///
/// Latency is that of the replies that came in the window (closed loop), or, by arrival, that of
/// the requests that were intended in the window, whenever they were answered (open loop).
class recorder {
public:
    /// `interval_ns` cuts a window of `window_ns`; the last interval is as long as what is left.
    recorder(std::uint64_t window_ns, std::uint64_t interval_ns, bool by_arrival = false);

    void sent(std::uint64_t requests, std::uint64_t now_ns) {
        counts_.requests += requests;
        sent_sum_ns_ += requests * now_ns;
        change_in_flight(static_cast<std::int64_t>(requests), now_ns);
    }
    void replied(const request_times& times, std::uint64_t now_ns, bool is_right) {
        ++counts_.replies;
        counts_.wrong_replies += is_right ? 0 : 1;
        sent_sum_ns_ -= times.sent_ns;
        change_in_flight(-1, now_ns);
        while (now_ns >= interval_end_) {
            close_interval();
        }
        current_.record(now_ns - times.intended_ns);
        if (by_arrival_ && is_in_window(times.intended_ns)) {
            record_arrival(times, now_ns);
        }
    }
    /// `requests` that were sent will not be answered.
    void abandoned(std::uint64_t requests, std::uint64_t now_ns) {
        change_in_flight(-static_cast<std::int64_t>(requests), now_ns);
    }

    /// Only by arrival: a request is due; `waiting` requests wait for room; one that was intended
    /// then has no reply after all; `requests` were due and never sent.
    void arrived(std::uint64_t intended_ns) {
        arrivals_.count += is_in_window(intended_ns) ? 1 : 0;
    }
    void queued(std::uint64_t waiting) {
        arrivals_.queued_max = std::max(arrivals_.queued_max, waiting);
    }
    void censored(std::uint64_t intended_ns, std::uint64_t now_ns);
    void never_sent(std::uint64_t requests) { arrivals_.never_sent += requests; }

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
    // How long the requests in flight have been so, in sum.
    std::uint64_t age_sum_ns(std::uint64_t now_ns) const {
        return static_cast<std::uint64_t>(in_flight_) * now_ns - sent_sum_ns_;
    }
    bool is_in_window(std::uint64_t time_ns) const { return begin_ <= time_ns && time_ns < end_; }
    void record_arrival(const request_times& times, std::uint64_t now_ns);
    void close_interval();

    std::uint64_t window_ns_;
    std::uint64_t interval_ns_;
    bool by_arrival_;
    std::uint64_t begin_ = never_ns;
    std::uint64_t end_ = never_ns;
    std::uint64_t interval_begin_ = 0;
    std::uint64_t interval_end_;
    // Values of the interval that runs; outside the window, values that are thrown away.
    histogram current_;
    histogram latency_;
    arrival_figures arrivals_;
    std::uint64_t replies_measured_ = 0;
    std::vector<interval> intervals_;
    client_counters counts_;
    std::int64_t in_flight_ = 0;
    std::uint64_t changed_ = 0;
    double request_time_ = 0;  // requests in flight, integrated over time in ns
    double mean_in_flight_ = 0;
    std::uint64_t sent_sum_ns_ = 0;  // send times of the requests in flight, modulo 2^64
    std::uint64_t age_sum_begin_ns_ = 0;
    double cut_in_flight_ = 0;
};

}  // namespace regatta::load
