#pragma once

#include "workloads/kernels.hpp"
#include "workloads/request_reply.hpp"

namespace regatta::workloads {

/// Each request costs CPU in its handler: a counted number of rounds, not a wait on a clock, so a
/// slower processor or a preempted server takes longer and the work stays the same.
struct cpu_request {
    static constexpr std::string_view name = "cpu_request";
    static constexpr std::string_view about = "spends cpu_ns of CPU in the handler, then answers";
    static constexpr workload_kind kind = workload_kind::server;

    enum : std::size_t { cpu_ns };
    static constexpr parameter parameters[] = {
        {"cpu_ns", "ns", 10'000, 100, 1'000'000'000, "CPU time of one request, as calibrated"},
    };

    static std::uint64_t answer(const params& values, std::uint64_t nonce) {
        return kernels::burn(nonce, values[cpu_ns] * values.rounds_per_us / 1000);
    }

    template <runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        return request_reply::session<cpu_request>(runtime, std::move(peer), values, counts);
    }

    using exchange = request_reply::exchange<cpu_request>;

    /// Bounded by CPU, which the calibration gives only within the machine's noise: no hard
    /// ceiling.
    static double ceiling_per_s(const params&, std::int64_t, std::int64_t) { return no_ceiling; }
};

}  // namespace regatta::workloads
