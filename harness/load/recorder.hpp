#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/load/clock.hpp"
#include "harness/load/interval_series.hpp"
#include "harness/load/request_times.hpp"
#include "harness/load/result.hpp"

namespace regatta::load {

/// Turns what happens to the requests of one thread into figures. Counts always; intervals and the
/// number in flight only within the window, which is set beforehand: what belongs to it is told by
/// the time of each event, so that the threads of a load have the very same window. Times are
/// CLOCK_MONOTONIC, in ns, and must not decrease.
///
/// Latency is that of the replies that came in the window (closed loop), or, by arrival, that of
/// the requests that were intended in the window, whenever they were answered (open loop).
class recorder {
public:
    explicit recorder(interval_series& series, bool by_arrival = false, bool sets_apart = false)
        : series_(series), by_arrival_(by_arrival) {
        if (sets_apart) {
            apart_.emplace();
        }
    }

    /// The window, as long as the series', begins at `begin_ns`; told before it does.
    void set_window(std::uint64_t begin_ns);
    /// Nothing of the window is to come: it is over, or cut short at `now_ns`.
    void end_window(std::uint64_t now_ns);

    void sent(std::uint64_t requests, std::uint64_t now_ns) {
        pass(now_ns);
        counts_.requests += requests;
        sent_sum_ns_ += requests * now_ns;
        change_in_flight(static_cast<std::int64_t>(requests), now_ns);
    }
    void replied(const request_times& times, std::uint64_t now_ns, bool is_right) {
        pass(now_ns);
        ++counts_.replies;
        counts_.wrong_replies += is_right ? 0 : 1;
        sent_sum_ns_ -= times.sent_ns;
        change_in_flight(-1, now_ns);
        current_.record(now_ns - times.intended_ns);
        if (by_arrival_ && is_in_window(times.intended_ns)) {
            record_arrival(times, now_ns);
        }
    }
    /// Where some replies are set apart: told of each, after replied().
    void classified(const request_times& times, std::uint64_t now_ns, bool is_apart) {
        if (!is_in_window(by_arrival_ ? times.intended_ns : now_ns)) {
            return;
        }
        if (is_apart) {
            ++apart_->count;
        } else {
            apart_->others.record(now_ns - times.intended_ns);
        }
    }
    /// `requests` that were sent will not be answered; `sent_sum_ns` is the sum of their times.
    void abandoned(std::uint64_t requests, std::uint64_t sent_sum_ns, std::uint64_t now_ns) {
        pass(now_ns);
        sent_sum_ns_ -= sent_sum_ns;
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

    std::uint64_t in_flight() const { return static_cast<std::uint64_t>(in_flight_); }
    /// The connections' counters, for what the recorder does not see itself.
    client_counters& counts() { return counts_; }
    /// Adds the figures to those of other threads in `result`, all but the intervals; after the
    /// window, once.
    void add_to(load_result& result) const;

private:
    // Notes that time has come to `now_ns`, before what happens then is recorded.
    void pass(std::uint64_t now_ns) {
        while (now_ns >= next_mark_)
            [[unlikely]] {
                reach_mark();
            }
    }
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
    void reach_mark();
    void close_interval();
    void finish(std::uint64_t end_ns);

    interval_series& series_;
    bool by_arrival_;
    std::uint64_t begin_ = never_ns;
    std::uint64_t end_ = never_ns;
    // The next of: the window's begin, the end of an interval, the window's end.
    std::uint64_t next_mark_ = never_ns;
    bool has_begun_ = false;
    std::size_t interval_ = 0;
    // Values of the interval that runs; outside the window, values that are thrown away.
    histogram current_;
    histogram latency_;
    arrival_figures arrivals_;
    std::optional<apart_figures> apart_;
    std::uint64_t replies_measured_ = 0;
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
