#pragma once

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// Tasks that do nothing but let the others run: the bare scheduler.
struct yield {
    static constexpr std::string_view name = "yield";
    static constexpr std::string_view about = "tasks that let each other run, again and again";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { tasks, yields };
    static constexpr parameter parameters[] = {
        {"tasks", "", 2, 1, 1'000'000, "tasks that are ready all the time"},
        {"yields", "", 1000, 1, 10'000'000, "yields of each"},
    };

    using state = job_state<yield>;

    template <full_runtime Runtime>
    static auto unit(Runtime& runtime, job_part& own, std::int64_t times) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        std::uint64_t done = 0;
        for (; done < static_cast<std::uint64_t>(times); ++done) {
            co_await runtime.yield();
        }
        own.add(done);
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        typename Runtime::task_group group(runtime);
        for (std::int64_t i = 0; i < values[tasks]; ++i) {
            group.spawn(unit<Runtime>(runtime, shared.of(which), values[yields]));
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "starting a task");
    }

    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[tasks] * values[yields]);
    }
    static unit_count expected_units(const params& values) {
        return {static_cast<std::uint64_t>(values[tasks]), 1};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(units(values));
    }
};

}  // namespace regatta::workloads
