#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

#include "runtimes/runtime.hpp"
#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// A service of known capacity, slots / service_us for each worker, with a queue in front. When
/// more is asked of it, requests wait in the queue without bound, or those that find `queue`
/// waiting are refused at once: then those that are done are done in bounded time.
struct overload {
    static constexpr std::string_view name = "overload";
    static constexpr std::string_view about =
        "slots requests at a time take service_us each; the rest queue, or are refused";
    static constexpr std::string_view set_apart = "refused";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { policy, slots, service_us, queue };
    enum : std::int64_t { queue_all, shed };
    static constexpr std::string_view policies[] = {"queue", "shed"};
    static constexpr parameter parameters[] = {
        {"policy", "", shed, 0, 1, "queue all, or shed what finds the queue full", policies},
        {"slots", "", 8, 1, 100'000, "requests in service at a time, in each worker"},
        {"service_us", "us", 5'000, 1, 60'000'000, "how long each of these waits"},
        {"queue", "", 16, 0, 1'000'000, "requests that may wait where others are shed"},
    };

    /// What the sessions of a worker share.
    template <full_runtime Runtime>
    struct shared {
        typename Runtime::semaphore permits;
        std::atomic<std::int64_t> present{0};  // in service or waiting; sessions may be threads

        shared(Runtime& runtime, const params& values)
            : permits(runtime, static_cast<std::size_t>(values[slots])) {}

        /// Whether there is a place for one more, which is then taken.
        bool enter(const params& values) {
            const bool has_place = present.fetch_add(1) < values[slots] + values[queue];
            if (has_place || values[policy] == queue_all) {
                return true;
            }
            leave();
            return false;
        }
        void leave() { present.fetch_sub(1); }
    };

    static std::uint64_t answer(const params&, std::uint64_t nonce) { return ~nonce; }
    static request_reply::refusal_is refuses(const params& values, std::uint64_t) {
        return values[policy] == shed ? request_reply::refusal_is::allowed
                                      : request_reply::refusal_is::wrong;
    }

    template <full_runtime Runtime>
    static auto handle(request_reply::context<Runtime> request, shared<Runtime>& state) ->
        typename Runtime::template task<request_reply::answered> {
        if (!state.enter(request.values)) {
            co_return request_reply::answered{io_error(), request_reply::refusal(request.nonce)};
        }
        if (auto [stopped] = co_await state.permits.acquire(); stopped) {
            state.leave();
            co_return request_reply::answered{stopped};
        }
        const auto [stopped] = co_await request.runtime.sleep_for(
            std::chrono::microseconds(request.values[service_us]));
        state.permits.release();
        state.leave();
        co_return request_reply::answered{stopped, answer(request.values, request.nonce)};
    }

    template <full_runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts, shared<Runtime>& state) ->
        typename Runtime::template task<void> {
        return request_reply::session<overload>(runtime, std::move(peer), values, counts, state);
    }

    using exchange = request_reply::exchange<overload>;

    /// What is done takes a slot for its service time; refusals come at any rate.
    static double done_per_s(const params& values, std::int64_t connections, std::int64_t workers) {
        return static_cast<double>(std::min(connections, workers * values[slots])) * 1e6 /
               static_cast<double>(values[service_us]);
    }
    /// None is refused where all have a place. Else what was done had a slot, but for what a
    /// window's edges cut; and where the slots were taken, something was done in ten times the
    /// service time.
    static apart_range apart_of(const params& values, const window_figures& window) {
        if (values[policy] == queue_all || window.connections <= values[slots] + values[queue]) {
            return {0, 0};
        }
        const double done_most =
            1.005 * window.window_s * done_per_s(values, window.connections, window.workers) +
            static_cast<double>(window.connections);
        const bool is_long =
            window.window_s * 1e6 >= 10.0 * static_cast<double>(values[service_us]);
        return {std::max(0.0, window.replies - done_most), window.replies - (is_long ? 1 : 0)};
    }
    static double ceiling_per_s(const params& values, std::int64_t connections,
                                std::int64_t workers) {
        return values[policy] == shed && connections > values[slots] + values[queue]
                   ? no_ceiling
                   : done_per_s(values, connections, workers);
    }
};

}  // namespace regatta::workloads
