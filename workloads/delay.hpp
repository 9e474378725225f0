#pragma once

#include <chrono>

#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// Each request waits without blocking, then is answered: an await on a slow backend.
struct delay {
    static constexpr std::string_view name = "delay";
    static constexpr std::string_view about = "waits delay_us without blocking, then answers";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { delay_us };
    static constexpr parameter parameters[] = {
        {"delay_us", "us", 10'000, 1, 60'000'000, "how long each request waits"},
    };

    template <runtime Runtime>
    static auto wait(Runtime& runtime, const params& values, std::uint64_t) {
        return runtime.sleep_for(std::chrono::microseconds(values[delay_us]));
    }
    static std::uint64_t answer(const params&, std::uint64_t nonce) { return ~nonce; }

    template <runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        return request_reply::session<delay>(runtime, std::move(peer), values, counts);
    }

    using exchange = request_reply::exchange<delay>;

    /// Each connection has one request in the server at a time, and that takes at least the delay.
    static double ceiling_per_s(const params& values, std::int64_t connections, std::int64_t) {
        return static_cast<double>(connections) * 1e6 / static_cast<double>(values[delay_us]);
    }
};

}  // namespace regatta::workloads
