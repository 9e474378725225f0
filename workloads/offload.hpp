#pragma once

#include <algorithm>

#include "runtimes/runtime.hpp"
#include "workloads/kernels.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// Round trips to the pool of threads: what it costs to move work off the worker. The pool's size
/// is the runtime's own parameter.
struct offload {
    static constexpr std::string_view name = "offload";
    static constexpr std::string_view about = "round trips to the pool of threads";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { tasks, calls, cpu_ns };
    static constexpr parameter parameters[] = {
        {"tasks", "", 1, 1, 10'000, "tasks with one call each under way"},
        {"calls", "", 100, 1, 1'000'000, "calls of each, one after the other"},
        {"cpu_ns", "ns", 0, 0, 1'000'000'000, "CPU time of one call, as calibrated"},
    };

    using state = job_state<offload>;

    static std::uint64_t compute(std::uint64_t seed, const params& values) {
        return kernels::burn(seed, values[cpu_ns] * values.rounds_per_us / 1000);
    }

    /// The sum of the results, modulo 2^64, is the answer.
    template <full_runtime Runtime>
    static auto unit(Runtime& runtime, job_part& own, std::uint64_t first, const params& values) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        for (std::int64_t i = 0; i < values[calls]; ++i) {
            const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
            const auto [failed, result] =
                co_await runtime.offload([seed, &values] { return compute(seed, values); });
            if (failed) {
                co_return own.give_up(failed);
            }
            own.add(*result);
        }
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        typename Runtime::task_group group(runtime);
        for (std::int64_t i = 0; i < values[tasks] && !own.is_cancelled; ++i) {
            group.spawn(
                unit<Runtime>(runtime, own, static_cast<std::uint64_t>(i * values[calls]), values));
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "offloading");
    }

    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[tasks] * values[calls]);
    }
    static unit_count expected_units(const params& values) {
        return {static_cast<std::uint64_t>(values[tasks]), 1};
    }
    static std::string expected_answer(const params& values) {
        std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < units(values); ++i) {
            sum += compute(i, values);
        }
        return std::to_string(sum);
    }
};

}  // namespace regatta::workloads
