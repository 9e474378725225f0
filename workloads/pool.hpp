#pragma once

#include <algorithm>
#include <atomic>
#include <memory>

#include "workloads/delay.hpp"
#include "workloads/support/backend_link.hpp"

namespace regatta::workloads {

/// Many clients share few connections to a backend, as to a database: a request takes one out of
/// the worker's pool, waits in the order of arrival while there is none, asks, and puts it back.
/// Where all are taken, `overflow` more may be opened, each for one request.
struct pool {
    static constexpr std::string_view name = "pool";
    static constexpr std::string_view about =
        "asks a backend, which takes delay_us, over one of pool_size shared connections";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { pool_size, delay_us, overflow };
    static constexpr parameter parameters[] = {
        {"pool_size", "", 10, 1, 10'000, "connections to the backend, in each worker"},
        {"delay_us", "us", 1'000, 1, 60'000'000, "how long the backend takes for a request"},
        {"overflow", "", 0, 0, 10'000, "more, opened while all are taken and closed after use"},
    };

    using backend = delay;
    static params backend_values(const params& values) {
        params of_backend;
        of_backend.values[delay::delay_us] = values[delay_us];
        return of_backend;
    }
    static std::uint64_t answer(const params& values, std::uint64_t nonce) {
        return delay::answer(values, nonce);
    }

    /// What the sessions of a worker share.
    template <full_runtime Runtime>
    struct shared {
        using link = std::unique_ptr<backend_link<Runtime>>;

        endpoint backend_at;
        typename Runtime::template channel<link> free;
        std::atomic<bool> is_filled{false};
        std::atomic<int> sessions{0};
        // Only with an overflow: what is taken of the pool and of it, and how many are in `free`.
        typename Runtime::semaphore places;
        std::atomic<std::int64_t> unused;

        shared(Runtime& runtime, const params& values)
            : backend_at(backend_of(values)),
              free(runtime, static_cast<std::size_t>(values[pool_size])),
              places(runtime, static_cast<std::size_t>(values[pool_size] + values[overflow])),
              unused(values[pool_size]) {}

        /// Whether one is in `free` for the caller, who has a place.
        bool reserve() {
            std::int64_t left = unused;
            while (left > 0 && !unused.compare_exchange_weak(left, left - 1)) {
            }
            return left > 0;
        }
    };

    /// Over a connection of the pool, for which it waits.
    template <full_runtime Runtime>
    static auto ask_over_pool(request_reply::context<Runtime> request, shared<Runtime>& state) ->
        typename Runtime::template task<request_reply::answered> {
        auto [stopped, link] = co_await state.free.receive();
        if (stopped) {
            co_return request_reply::answered{stopped};
        }
        const request_reply::answered result = co_await ask_backend(
            request.runtime, **link, state.backend_at, request_reply::make_message(request.nonce),
            request_reply::frame_bytes);
        // It has room for every connection that was taken out.
        const auto [lost] = co_await state.free.send(std::move(*link));
        co_return request_reply::answered{result.error ? result.error : lost, result.payload};
    }

    /// Over one of the pool where it has one left, or else over one for this request alone.
    template <full_runtime Runtime>
    static auto ask_over_either(request_reply::context<Runtime> request, shared<Runtime>& state) ->
        typename Runtime::template task<request_reply::answered> {
        if (auto [stopped] = co_await state.places.acquire(); stopped) {
            co_return request_reply::answered{stopped};
        }
        request_reply::answered result;
        if (state.reserve()) {
            result = co_await ask_over_pool<Runtime>(request, state);
            ++state.unused;
        } else {
            const auto own = std::make_unique<backend_link<Runtime>>();
            result = co_await ask_backend(request.runtime, *own, state.backend_at,
                                          request_reply::make_message(request.nonce),
                                          request_reply::frame_bytes);
        }
        state.places.release();
        co_return result;
    }

    template <full_runtime Runtime>
    static auto handle(request_reply::context<Runtime> request, shared<Runtime>& state) ->
        typename Runtime::template task<request_reply::answered> {
        return request.values[overflow] == 0 ? ask_over_pool<Runtime>(request, state)
                                             : ask_over_either<Runtime>(request, state);
    }

    /// The connections are closed while the loop runs, not when it is gone.
    template <full_runtime Runtime>
    static auto close_all(const params& values, shared<Runtime>& state) ->
        typename Runtime::template task<outcome> {
        for (std::int64_t i = 0; i < values[pool_size]; ++i) {
            auto [stopped, link] = co_await state.free.receive();
            if (stopped) {
                co_return outcome{stopped};
            }
            (*link)->peer.reset();
            if (const auto [lost] = co_await state.free.send(std::move(*link)); lost) {
                co_return outcome{lost};
            }
        }
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts, shared<Runtime>& state) ->
        typename Runtime::template task<void> {
        ++state.sessions;
        if (!state.is_filled.exchange(true)) {
            for (std::int64_t i = 0; i < values[pool_size]; ++i) {
                (void)co_await state.free.send(std::make_unique<backend_link<Runtime>>());
            }
        }
        co_await request_reply::session<pool>(runtime, std::move(peer), values, counts, state);
        if (--state.sessions == 0) {
            (void)co_await close_all<Runtime>(values, state);
        }
    }

    using exchange = request_reply::exchange<pool>;

    /// A link is asked one thing at a time, and so is a client's connection.
    static double ceiling_per_s(const params& values, std::int64_t connections,
                                std::int64_t workers) {
        return static_cast<double>(
                   std::min(connections, workers * (values[pool_size] + values[overflow]))) *
               1e6 / static_cast<double>(values[delay_us]);
    }
};

}  // namespace regatta::workloads
