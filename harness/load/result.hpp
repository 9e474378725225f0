#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/measure/histogram.hpp"

namespace regatta::load {

/// Counted over the whole life of the connections, so that they equal the server's counters.
struct client_counters {
    std::uint64_t connections = 0;
    std::uint64_t requests = 0;  ///< handed to the kernel
    std::uint64_t replies = 0;   ///< whole, right or wrong
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t unconnected = 0;    ///< connections that could not be opened anew
    std::uint64_t resets = 0;         ///< connections that ended by an error
    std::uint64_t closed = 0;         ///< connections that the server closed
    std::uint64_t timeouts = 0;       ///< requests without a reply at the end of the drain
    std::uint64_t wrong_replies = 0;  ///< replies with wrong content, or that nobody asked for

    client_counters& operator+=(const client_counters& other);
};

/// A slice of the measured window.
struct interval {
    std::uint64_t start_ns;  ///< from the start of the window
    std::uint64_t replies;
    std::optional<double> latency_ns_mean;        ///< nothing without a reply
    std::optional<std::uint64_t> latency_ns_p99;  ///< nothing under 100 replies
    std::optional<histogram> latency;             ///< only of one rank of several
};

/// The figures of a slice from the latency of its replies.
interval make_interval(std::uint64_t start_ns, const histogram& replies);

/// What only an open loop has, over the requests intended in the measured window:
/// count = latency.count() + censored.
struct arrival_figures {
    std::uint64_t count = 0;
    histogram service;           ///< from the send to the last byte of the reply
    histogram lag;               ///< from the intended time to the send
    histogram own_lag;           ///< the part of it in which the connection had room
    histogram on_time;           ///< response time less own lag, of each request
    std::uint64_t censored = 0;  ///< requests without a reply
    std::optional<std::uint64_t> censored_ns_min;  ///< the least that one of them had waited
    std::uint64_t never_sent = 0;  ///< whole load: due, but the connection never had room
    /// Whole load: most requests that waited for room at once. Of several threads it is the sum of
    /// their own, which may have been at different times.
    std::uint64_t queued_max = 0;

    arrival_figures& operator+=(const arrival_figures& other);
};

/// Of the replies that `latency` is about, where the workload sets some apart.
struct apart_figures {
    std::uint64_t count = 0;  ///< set apart
    histogram others;         ///< latency of the others

    apart_figures& operator+=(const apart_figures& other);
};

/// What one load gave.
struct load_result {
    std::string engine;
    std::string engine_note;  ///< why it is not the one asked for; empty when it is
    unsigned threads = 1;
    std::uint64_t measured_ns = 0;
    std::uint64_t warmup_ns = 0;
    std::uint64_t replies_measured = 0;
    std::uint64_t begin_late_ns = 0;  ///< how long after the time agreed on it began
    std::uint64_t cpu_ns = 0;         ///< of this process, in the window
    std::optional<std::uint64_t> server_cpu_ns;
    histogram latency;  ///< closed loop: service time of the replies that came in the window;
                        ///< open loop: response time of the requests intended in it
    std::vector<interval> intervals;
    client_counters client;
    double mean_in_flight = 0;  ///< time average over the window
    /// Requests that the window's ends cut count with their whole latency when they are answered in
    /// it, and not at all when later: (age of those in flight at its begin - at its end) / window.
    double cut_in_flight = 0;
    std::uint64_t unanswered = 0;
    std::optional<arrival_figures> arrivals;  ///< open loop only
    std::optional<apart_figures> apart;       ///< only of workloads that set replies apart
};

/// The fields of the event `result` (harness/load/README.md).
nlohmann::json to_json(const load_result& result);

}  // namespace regatta::load
