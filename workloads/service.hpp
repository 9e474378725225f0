#pragma once

#include <cmath>

#include "workloads/kernels.hpp"
#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// Each request costs CPU, but not each as much: the queue in front of a server depends on how its
/// service times are spread, not on their mean alone (Pollaczek and Khinchine).
struct service {
    static constexpr std::string_view name = "service";
    static constexpr std::string_view about =
        "spends mean_ns of CPU on average: fixed, exponential or bimodal";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { distribution, mean_ns };
    static constexpr std::string_view distributions[] = {"fixed", "exponential", "bimodal"};
    static constexpr parameter parameters[] = {
        {"distribution", "", 1, 0, 2, "how service times are spread", distributions},
        {"mean_ns", "ns", 100'000, 100, 100'000'000, "their mean, as calibrated"},
    };

    /// The service time of a request: a quantile of the distribution, so that any hundred requests
    /// with different places follow it. In whole ns, rounded down.
    static std::int64_t service_ns(const params& values, std::uint64_t nonce) {
        const std::uint64_t rank = request_reply::place_of(nonce) * 37 % request_reply::places;
        const auto mean = static_cast<double>(values[mean_ns]);
        switch (values[distribution]) {
            case 1: {
                const double quantile = (static_cast<double>(rank) + 0.5) / request_reply::places;
                return static_cast<std::int64_t>(-mean * std::log1p(-quantile));
            }
            case 2:  // nine in ten take half the mean, the tenth 5.5 times
                return static_cast<std::int64_t>(mean * (rank < 90 ? 0.5 : 5.5));
            default:
                return values[mean_ns];
        }
    }

    static std::uint64_t answer(const params& values, std::uint64_t nonce) {
        return kernels::burn(nonce, service_ns(values, nonce) * values.rounds_per_us / 1000);
    }

    template <runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        return request_reply::session<service>(runtime, std::move(peer), values, counts);
    }

    using exchange = request_reply::exchange<service, request_reply::places>;

    /// Bounded by CPU, as `cpu_request` is.
    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }
};

}  // namespace regatta::workloads
