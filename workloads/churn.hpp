#pragma once

#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// Connect, a few exchanges, close: what accepting, setting up and tearing down a connection costs.
/// The server closes, so the client's ports are free again at once.
struct churn {
    static constexpr std::string_view name = "churn";
    static constexpr std::string_view about = "answers a few requests, then closes the connection";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { requests };
    static constexpr parameter parameters[] = {
        {"requests", "", 1, 1, 1'000'000, "replies on each connection before the server closes it"},
    };

    static load_shape load(const params& values) {
        return {.requests_per_connection = static_cast<std::uint64_t>(values[requests])};
    }
    static std::uint64_t answer(const params&, std::uint64_t nonce) { return ~nonce; }
    static bool is_last(const params& values, std::uint64_t replies) {
        return replies == static_cast<std::uint64_t>(values[requests]);
    }

    template <runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        return request_reply::session<churn>(runtime, std::move(peer), values, counts);
    }

    using exchange = request_reply::exchange<churn>;

    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }
};

}  // namespace regatta::workloads
