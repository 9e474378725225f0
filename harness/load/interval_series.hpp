#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "harness/load/result.hpp"

namespace regatta::load {

/// The slices of the measured window, each put together from what every thread of the load saw in
/// it: percentiles are those of all replies, never averages of the threads' own. A slice's
/// histogram is kept only until the last thread has closed it, unless asked for.
class interval_series {
public:
    /// `interval_ns` cuts a window of `window_ns`; the last slice is as long as what is left.
    /// `keeps_latency`: every slice's histogram stays with it, for ranks to be put together.
    interval_series(std::uint64_t window_ns, std::uint64_t interval_ns, unsigned threads = 1,
                    bool keeps_latency = false);

    std::uint64_t window_ns() const { return window_ns_; }
    /// From the start of the window.
    std::uint64_t end_ns(std::size_t slice) const;
    bool is_last(std::size_t slice) const { return end_ns(slice) == window_ns_; }

    /// One thread's replies in `slice`; each thread adds each slice once, in order. Thread-safe.
    void add(std::size_t slice, const histogram& replies);

    /// The slices that every thread has added.
    std::vector<interval> take();

private:
    struct slot {
        histogram replies;
        unsigned missing;  // threads that have not added it
        interval figures;
    };

    std::uint64_t window_ns_;
    std::uint64_t interval_ns_;
    unsigned threads_;
    bool keeps_latency_;
    std::mutex mutex_;
    std::vector<slot> slots_;
};

}  // namespace regatta::load
