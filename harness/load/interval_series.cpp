#include "harness/load/interval_series.hpp"

#include <algorithm>
#include <utility>

namespace regatta::load {
interval_series::interval_series(std::uint64_t window_ns, std::uint64_t interval_ns,
                                 unsigned threads, bool keeps_latency)
    : window_ns_(window_ns),
      interval_ns_(interval_ns),
      threads_(threads),
      keeps_latency_(keeps_latency) {
    slots_.reserve(window_ns / interval_ns + 1);
}

std::uint64_t interval_series::end_ns(std::size_t slice) const {
    return std::min((slice + 1) * interval_ns_, window_ns_);
}

void interval_series::add(std::size_t slice, const histogram& replies) {
    const std::lock_guard lock(mutex_);
    while (slots_.size() <= slice) {
        slots_.push_back({{}, threads_, {}});
    }
    slot& into = slots_[slice];
    const std::uint64_t start_ns = slice * interval_ns_;
    if (threads_ == 1) {
        into.figures = make_interval(start_ns, replies);
        if (keeps_latency_) {
            into.figures.latency = replies;
        }
        into.missing = 0;
        return;
    }
    into.replies.merge(replies);
    if (--into.missing == 0) {
        into.figures = make_interval(start_ns, into.replies);
        if (keeps_latency_) {
            into.figures.latency = std::move(into.replies);
        }
        into.replies = {};
    }
}

std::vector<interval> interval_series::take() {
    const std::lock_guard lock(mutex_);
    std::vector<interval> closed;
    for (const slot& each : slots_) {
        if (each.missing == 0) {
            closed.push_back(each.figures);
        }
    }
    return closed;
}

}  // namespace regatta::load
