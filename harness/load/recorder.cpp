#include "harness/load/recorder.hpp"

#include <utility>

namespace regatta::load {

recorder::recorder(std::uint64_t window_ns, std::uint64_t interval_ns, bool by_arrival)
    : window_ns_(window_ns),
      interval_ns_(interval_ns),
      by_arrival_(by_arrival),
      interval_end_(never_ns) {
    intervals_.reserve(window_ns / interval_ns + 1);
}

void recorder::begin_window(std::uint64_t now_ns) {
    begin_ = now_ns;
    interval_begin_ = now_ns;
    interval_end_ = interval_ns_ < window_ns_ ? now_ns + interval_ns_ : never_ns;
    current_.clear();
    change_in_flight(0, now_ns);
    request_time_ = 0;
    age_sum_begin_ns_ = age_sum_ns(now_ns);
}

void recorder::end_window(std::uint64_t now_ns) {
    end_ = now_ns;
    change_in_flight(0, now_ns);
    while (now_ns >= interval_end_) {
        close_interval();
    }
    close_interval();
    interval_end_ = never_ns;
    const auto length = static_cast<double>(now_ns - begin_);
    mean_in_flight_ = length > 0 ? request_time_ / length : 0;
    const auto cut =
        static_cast<double>(age_sum_begin_ns_) - static_cast<double>(age_sum_ns(now_ns));
    cut_in_flight_ = length > 0 ? cut / length : 0;
}

void recorder::report(load_result& result) {
    result.measured_ns = end_ - begin_;
    result.replies_measured = replies_measured_;
    result.latency = std::move(latency_);
    if (by_arrival_) {
        result.arrivals = std::move(arrivals_);
    }
    result.intervals = std::move(intervals_);
    result.client = counts_;
    result.mean_in_flight = mean_in_flight_;
    result.cut_in_flight = cut_in_flight_;
}

void recorder::record_arrival(const request_times& times, std::uint64_t now_ns) {
    latency_.record(now_ns - times.intended_ns);
    arrivals_.service.record(now_ns - times.sent_ns);
    arrivals_.lag.record(times.sent_ns - times.intended_ns);
    arrivals_.own_lag.record(times.sent_ns - times.ready_ns);
}

void recorder::censored(std::uint64_t intended_ns, std::uint64_t now_ns) {
    if (!by_arrival_ || !is_in_window(intended_ns)) {
        return;
    }
    ++arrivals_.censored;
    const std::uint64_t waited = now_ns - intended_ns;
    arrivals_.censored_ns_min = std::min(arrivals_.censored_ns_min.value_or(waited), waited);
}

void recorder::close_interval() {
    interval closed{interval_begin_ - begin_, current_.count(), std::nullopt, std::nullopt};
    if (!current_.empty()) {
        closed.latency_ns_mean = current_.mean();
    }
    if (current_.count() >= 100) {
        closed.latency_ns_p99 = current_.value_at(0.99);
    }
    intervals_.push_back(closed);
    replies_measured_ += current_.count();
    if (!by_arrival_) {
        latency_.merge(current_);
    }
    current_.clear();
    interval_begin_ = interval_end_;
    const bool is_last = interval_begin_ - begin_ + interval_ns_ >= window_ns_;
    interval_end_ = is_last ? never_ns : interval_end_ + interval_ns_;
}

}  // namespace regatta::load
