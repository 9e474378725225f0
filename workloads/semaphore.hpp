#pragma once

#include <atomic>

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// Tasks that take one of a few permits, let the others run while they hold it, and give it back.
struct semaphore {
    static constexpr std::string_view name = "semaphore";
    static constexpr std::string_view about = "tasks that contend for a few permits";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { permits, tasks, turns };
    static constexpr parameter parameters[] = {
        {"permits", "", 2, 1, 1'000'000, "tasks that may hold one at once"},
        {"tasks", "", 16, 1, 1'000'000, "tasks that want one"},
        {"turns", "", 100, 1, 10'000'000, "permits that each task takes, one after the other"},
    };

    using state = job_state<semaphore>;

    /// Adds one to the answer for each permit taken; nothing where more are held than exist.
    template <full_runtime Runtime>
    static auto unit(Runtime& runtime, job_part& own, typename Runtime::semaphore& free,
                     std::atomic<std::int64_t>& holders, const params& values) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        for (std::int64_t i = 0; i < values[turns]; ++i) {
            const auto [failed] = co_await free.acquire();
            if (failed) {
                co_return own.give_up(failed);
            }
            const bool is_allowed = holders.fetch_add(1) < values[permits];
            co_await runtime.yield();
            holders.fetch_sub(1);
            free.release();
            own.add(is_allowed ? 1 : 0);
        }
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        std::atomic<std::int64_t> holders{0};
        typename Runtime::semaphore free(runtime, static_cast<std::size_t>(values[permits]));
        typename Runtime::task_group group(runtime);
        for (std::int64_t i = 0; i < values[tasks] && !own.is_cancelled; ++i) {
            group.spawn(unit<Runtime>(runtime, own, free, holders, values));
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "waiting for a permit");
    }

    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[tasks] * values[turns]);
    }
    static unit_count expected_units(const params& values) {
        return {static_cast<std::uint64_t>(values[tasks]), 1};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(units(values));
    }
};

}  // namespace regatta::workloads
