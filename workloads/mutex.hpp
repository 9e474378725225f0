#pragma once

#include <array>

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// Tasks that guard a plain counter by a semaphore with one permit, which is the mutex that every
/// runtime has. `across_yield` holds it while others run, so that they come to wait.
struct mutex {
    static constexpr std::string_view name = "mutex";
    static constexpr std::string_view about = "tasks that take turns in a critical section";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { tasks, sections, hold };
    enum : std::int64_t { briefly, across_yield };
    static constexpr std::array<std::string_view, 2> holds{"briefly", "across_yield"};
    static constexpr parameter parameters[] = {
        {"tasks", "", 8, 1, 1'000'000, "tasks that want it"},
        {"sections", "", 1000, 1, 10'000'000, "critical sections of each"},
        {"hold", "", briefly, briefly, across_yield, "how long it is held", holds},
    };

    using state = job_state<mutex>;

    /// `counter` is not atomic: a mutex that lets two in loses counts.
    template <full_runtime Runtime>
    static auto unit(Runtime& runtime, job_part& own, typename Runtime::semaphore& lock,
                     std::uint64_t& counter, const params& values) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        for (std::int64_t i = 0; i < values[sections]; ++i) {
            const auto [failed] = co_await lock.acquire();
            if (failed) {
                co_return own.give_up(failed);
            }
            const std::uint64_t before = counter;
            if (values[hold] == across_yield) {
                co_await runtime.yield();
            }
            counter = before + 1;
            lock.release();
        }
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        std::uint64_t counter = 0;
        typename Runtime::semaphore lock(runtime, 1);
        typename Runtime::task_group group(runtime);
        for (std::int64_t i = 0; i < values[tasks] && !own.is_cancelled; ++i) {
            group.spawn(unit<Runtime>(runtime, own, lock, counter, values));
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "waiting for the mutex");
        own.add(counter);
    }

    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[tasks] * values[sections]);
    }
    static unit_count expected_units(const params& values) {
        return {static_cast<std::uint64_t>(values[tasks]), 1};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(units(values));
    }
};

}  // namespace regatta::workloads
