#pragma once

#include <array>

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// Starts tasks and joins them: what a task costs from birth to end, the memory for it included.
struct spawn_join {
    static constexpr std::string_view name = "spawn_join";
    static constexpr std::string_view about = "starts tasks in a group and joins them";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { tasks, life };
    enum : std::int64_t { held, brief };
    static constexpr std::array<std::string_view, 2> lives{"held", "brief"};
    static constexpr parameter parameters[] = {
        {"tasks", "", 1000, 1, 4'000'000, "tasks in one iteration"},
        {"life", "", held, held, brief, "held: all live at once; brief: each ends at once", lives},
    };

    using state = job_state<spawn_join>;

    template <full_runtime Runtime>
    static auto unit(job_part& own, typename Runtime::template channel<char>& gate,
                     std::uint64_t index, const params& values) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        if (values[life] == held) {
            if (alive.number() == units(values)) {
                gate.close();
            } else {
                const auto [failed, nothing] = co_await gate.receive();
                if (failed) {
                    co_return own.give_up(failed);
                }
            }
        }
        own.add(index);
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        typename Runtime::template channel<char> gate(runtime, 1);
        typename Runtime::task_group group(runtime);
        for (std::uint64_t i = 0; i < units(values) && !own.is_cancelled; ++i) {
            group.spawn(unit<Runtime>(own, gate, i, values));
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "starting a task");
    }

    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[tasks]);
    }
    static unit_count expected_units(const params& values) {
        return {units(values), values[life] == held ? units(values) : 1};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(sum_below(units(values)));
    }
};

}  // namespace regatta::workloads
