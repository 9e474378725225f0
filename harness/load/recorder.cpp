#include "harness/load/recorder.hpp"

#include <utility>

#include "harness/load/clock.hpp"

namespace regatta::load {

recorder::recorder(std::uint64_t window_ns, std::uint64_t interval_ns)
    : window_ns_(window_ns), interval_ns_(interval_ns), interval_end_(never_ns) {
    intervals_.reserve(window_ns / interval_ns + 1);
}

void recorder::begin_window(std::uint64_t now_ns) {
    begin_ = now_ns;
    interval_begin_ = now_ns;
    interval_end_ = interval_ns_ < window_ns_ ? now_ns + interval_ns_ : never_ns;
    current_.clear();
    change_in_flight(0, now_ns);
    request_time_ = 0;
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
}

void recorder::report(load_result& result) {
    result.measured_ns = end_ - begin_;
    result.replies_measured = latency_.count();
    result.latency = std::move(latency_);
    result.intervals = std::move(intervals_);
    result.client = counts_;
    result.mean_in_flight = mean_in_flight_;
}

void recorder::close_interval() {
    interval closed{interval_begin_ - begin_, current_.count(), std::nullopt};
    if (current_.count() >= 100) {
        closed.latency_ns_p99 = current_.value_at(0.99);
    }
    intervals_.push_back(closed);
    latency_.merge(current_);
    current_.clear();
    interval_begin_ = interval_end_;
    const bool is_last = interval_begin_ - begin_ + interval_ns_ >= window_ns_;
    interval_end_ = is_last ? never_ns : interval_end_ + interval_ns_;
}

}  // namespace regatta::load
