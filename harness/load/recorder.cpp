#include "harness/load/recorder.hpp"

namespace regatta::load {

void recorder::set_window(std::uint64_t begin_ns) {
    begin_ = begin_ns;
    end_ = begin_ns + series_.window_ns();
    next_mark_ = begin_ns;
}

void recorder::reach_mark() {
    if (!has_begun_) {
        has_begun_ = true;
        current_.clear();
        change_in_flight(0, begin_);
        request_time_ = 0;
        age_sum_begin_ns_ = age_sum_ns(begin_);
        next_mark_ = begin_ + series_.end_ns(0);
    } else if (series_.is_last(interval_)) {
        finish(end_);
    } else {
        close_interval();
        next_mark_ = begin_ + series_.end_ns(++interval_);
    }
}

void recorder::end_window(std::uint64_t now_ns) {
    // Cut short before it began: an empty one.
    begin_ = std::min(begin_, now_ns);
    if (!has_begun_) {
        next_mark_ = begin_;
    }
    pass(now_ns);
    if (next_mark_ != never_ns) {
        finish(now_ns);
    }
}

void recorder::finish(std::uint64_t end_ns) {
    end_ = end_ns;
    next_mark_ = never_ns;
    change_in_flight(0, end_);
    close_interval();
    const auto length = static_cast<double>(end_ - begin_);
    const auto cut = static_cast<double>(age_sum_begin_ns_) - static_cast<double>(age_sum_ns(end_));
    mean_in_flight_ = length > 0 ? request_time_ / length : 0;
    cut_in_flight_ = length > 0 ? cut / length : 0;
}

void recorder::close_interval() {
    series_.add(interval_, current_);
    replies_measured_ += current_.count();
    if (!by_arrival_) {
        latency_.merge(current_);
    }
    current_.clear();
}

void recorder::add_to(load_result& result) const {
    result.measured_ns = end_ - begin_;
    result.replies_measured += replies_measured_;
    result.latency.merge(latency_);
    if (by_arrival_) {
        result.arrivals = result.arrivals.value_or(arrival_figures{});
        *result.arrivals += arrivals_;
    }
    if (apart_) {
        result.apart = result.apart.value_or(apart_figures{});
        *result.apart += *apart_;
    }
    result.client += counts_;
    result.mean_in_flight += mean_in_flight_;
    result.cut_in_flight += cut_in_flight_;
}

void recorder::record_arrival(const request_times& times, std::uint64_t now_ns) {
    const std::uint64_t response_ns = now_ns - times.intended_ns;
    const std::uint64_t own_lag_ns = times.sent_ns - times.ready_ns;
    latency_.record(response_ns);
    arrivals_.service.record(now_ns - times.sent_ns);
    arrivals_.lag.record(times.sent_ns - times.intended_ns);
    arrivals_.own_lag.record(own_lag_ns);
    arrivals_.on_time.record(response_ns - own_lag_ns);
}

void recorder::censored(std::uint64_t intended_ns, std::uint64_t now_ns) {
    if (!by_arrival_ || !is_in_window(intended_ns)) {
        return;
    }
    ++arrivals_.censored;
    const std::uint64_t waited = now_ns - intended_ns;
    arrivals_.censored_ns_min = std::min(arrivals_.censored_ns_min.value_or(waited), waited);
}

}  // namespace regatta::load
