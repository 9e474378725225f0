#pragma once

#include <chrono>

#include "runtimes/runtime.hpp"
#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// One request in a hundred waits, as on a slow backend; the others are answered at once. What is
/// reported is the latency of the others: on a sound runtime they do not feel it.
struct tail {
    static constexpr std::string_view name = "tail";
    static constexpr std::string_view about = "one request in a hundred waits slow_us";
    static constexpr std::string_view set_apart = "slow on purpose";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { slow_us };
    static constexpr parameter parameters[] = {
        {"slow_us", "us", 5'000, 1, 60'000'000, "how long the hundredth request waits"},
    };

    static bool is_slow(const params&, std::uint64_t nonce) {
        return request_reply::place_of(nonce) == 0;
    }
    static std::uint64_t answer(const params&, std::uint64_t nonce) { return ~nonce; }

    /// Only for the slow ones.
    template <runtime Runtime>
    static auto wait(Runtime& runtime, const params& values, std::uint64_t) {
        return runtime.sleep_for(std::chrono::microseconds(values[slow_us]));
    }

    template <runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        return request_reply::session<tail>(runtime, std::move(peer), values, counts);
    }

    using exchange = request_reply::exchange<tail, request_reply::places>;

    /// A hundred requests of a connection take one wait, and the others may take any time. A window
    /// may begin and end within a wait: it then has a hundred more of each connection.
    static double ceiling_per_s(const params& values, std::int64_t connections, std::int64_t) {
        return static_cast<double>(connections) * 1e6 * request_reply::places /
               static_cast<double>(values[slow_us]);
    }
    static constexpr std::int64_t replies_at_edges = request_reply::places;
};

}  // namespace regatta::workloads
