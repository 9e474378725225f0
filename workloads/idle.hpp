#pragma once

#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// A few busy connections among many that say nothing, but for one request before the load begins.
/// The busy ones should not feel the others, which should cost memory and nothing else.
struct idle {
    static constexpr std::string_view name = "idle";
    static constexpr std::string_view about =
        "answers at once, while idle_connections more are open and silent";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { idle_connections };
    static constexpr parameter parameters[] = {
        {"idle_connections", "", 1'000, 0, 1'000'000, "open beside the loaded ones"},
    };

    static load_shape load(const params& values) {
        return {.idle_connections = values[idle_connections]};
    }
    static std::uint64_t answer(const params&, std::uint64_t nonce) { return ~nonce; }

    template <runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        return request_reply::session<idle>(runtime, std::move(peer), values, counts);
    }

    using exchange = request_reply::exchange<idle>;

    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }
};

}  // namespace regatta::workloads
