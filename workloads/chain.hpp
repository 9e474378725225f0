#pragma once

#include <chrono>

#include "runtimes/runtime.hpp"
#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// Each request makes several waits, one after the other, as a handler does that needs each answer
/// for its next question. `fan_out` asks all at once.
struct chain {
    static constexpr std::string_view name = "chain";
    static constexpr std::string_view about = "waits delay_us, waits times in a row, then answers";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { waits, delay_us };
    static constexpr parameter parameters[] = {
        {"waits", "", 3, 1, 1000, "how often each request waits"},
        {"delay_us", "us", 10'000, 1, 60'000'000, "how long each wait is"},
    };

    /// Each wait changes the answer, so that a reply tells whether their number was right.
    static std::uint64_t answer(const params& values, std::uint64_t nonce) {
        for (std::int64_t i = 0; i < values[waits]; ++i) {
            nonce = after_wait(nonce);
        }
        return nonce;
    }

    template <runtime Runtime>
    static auto handle(request_reply::context<Runtime> request) ->
        typename Runtime::template task<request_reply::answered> {
        const std::chrono::microseconds delay(request.values[delay_us]);
        std::uint64_t payload = request.nonce;
        for (std::int64_t i = 0; i < request.values[waits]; ++i) {
            if (auto [stopped] = co_await request.runtime.sleep_for(delay); stopped) {
                co_return request_reply::answered{stopped};
            }
            payload = after_wait(payload);
        }
        co_return request_reply::answered{io_error(), payload};
    }

    template <runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        return request_reply::session<chain>(runtime, std::move(peer), values, counts);
    }

    using exchange = request_reply::exchange<chain>;

    static double ceiling_per_s(const params& values, std::int64_t connections, std::int64_t) {
        return static_cast<double>(connections) * 1e6 /
               static_cast<double>(values[waits] * values[delay_us]);
    }

private:
    static std::uint64_t after_wait(std::uint64_t payload) { return ~payload * 3; }
};

}  // namespace regatta::workloads
