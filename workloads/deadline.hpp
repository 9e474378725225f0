#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>

#include "runtimes/runtime.hpp"
#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// Each request's work runs under a deadline. That of some takes far longer: it is cancelled, and
/// the request is answered as not done. Such an answer costs its deadline and no more, and the
/// server counts each piece of work that it stopped (`cancelled`).
struct deadline {
    static constexpr std::string_view name = "deadline";
    static constexpr std::string_view about =
        "waits delay_us under a deadline, which late_percent of the requests overrun";
    static constexpr std::string_view set_apart = "cancelled at the deadline";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { delay_us, deadline_us, late_percent };
    static constexpr parameter parameters[] = {
        {"delay_us", "us", 10'000, 1, 60'000'000, "how long a request's work takes"},
        {"deadline_us", "us", 20'000, 1, 60'000'000, "after which it is cancelled"},
        {"late_percent", "percent", 10, 0, 100, "share of requests whose work would take a minute"},
    };

    static std::uint64_t answer(const params&, std::uint64_t nonce) { return ~nonce; }
    static bool is_late(const params& values, std::uint64_t nonce) {
        // 37 and 100 have no common divisor: the late ones are spread over the hundred.
        return request_reply::place_of(nonce) * 37 % request_reply::places <
                   static_cast<std::uint64_t>(values[late_percent]) ||
               values[delay_us] >= values[deadline_us];
    }
    /// What would end in time may still be late on a busy machine, but not the other way round.
    static request_reply::refusal_is refuses(const params& values, std::uint64_t nonce) {
        return is_late(values, nonce) ? request_reply::refusal_is::certain
                                      : request_reply::refusal_is::allowed;
    }

    /// The late ones, which stand evenly among a connection's hundred requests. Of the others a
    /// busy machine may make some late, but not nine of ten.
    static apart_range apart_of(const params& values, const window_figures& window) {
        if (values[delay_us] >= values[deadline_us]) {
            return {window.replies, window.replies};
        }
        const double late = window.replies * static_cast<double>(values[late_percent]) / 100;
        const double edges = static_cast<double>(window.connections) * most_unevenness(values);
        const double in_time = window.replies - late - edges;
        constexpr double too_few_to_tell = 5;
        return {std::max(0.0, late - edges),
                in_time < too_few_to_tell ? window.replies : late + edges + 0.9 * in_time};
    }
    /// By how many the late ones of so many requests in a row differ from their share, at most.
    static double most_unevenness(const params& values) {
        double most = 0;
        for (std::uint64_t begin = 0; begin < request_reply::places; ++begin) {
            double above = 0;
            for (std::uint64_t i = 0; i < request_reply::places; ++i) {
                above += (is_late(values, begin + i) ? 1 : 0) -
                         static_cast<double>(values[late_percent]) / 100;
                most = std::max(most, std::abs(above));
            }
        }
        return most;
    }

    template <full_runtime Runtime>
    static auto work(request_reply::context<Runtime> request) ->
        typename Runtime::template task<request_reply::answered> {
        std::chrono::microseconds duration(request.values[delay_us]);
        if (is_late(request.values, request.nonce)) {
            duration = std::chrono::minutes(1);
        }
        if (auto [stopped] = co_await request.runtime.sleep_for(duration); stopped) {
            ++request.counts.cancelled;
            co_return request_reply::answered{stopped};
        }
        co_return request_reply::answered{io_error(), answer(request.values, request.nonce)};
    }

    template <full_runtime Runtime>
    static auto handle(request_reply::context<Runtime> request) ->
        typename Runtime::template task<request_reply::answered> {
        const std::chrono::microseconds longest(request.values[deadline_us]);
        request_reply::answered result =
            co_await request.runtime.with_deadline(longest, work<Runtime>(request));
        if (result.error.value() == ETIMEDOUT) {
            result = {io_error(), request_reply::refusal(request.nonce)};
        }
        co_return result;
    }

    template <full_runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        return request_reply::session<deadline>(runtime, std::move(peer), values, counts);
    }

    using exchange = request_reply::exchange<deadline, request_reply::places>;

    /// A request is answered after its work or at its deadline, whichever is first. No mean: a
    /// connection may have none of the late ones in a short window.
    static double ceiling_per_s(const params& values, std::int64_t connections, std::int64_t) {
        const std::int64_t soonest_us = values[late_percent] == 100
                                            ? values[deadline_us]
                                            : std::min(values[delay_us], values[deadline_us]);
        return static_cast<double>(connections) * 1e6 / static_cast<double>(soonest_us);
    }
};

}  // namespace regatta::workloads
