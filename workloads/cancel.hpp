#pragma once

#include <cerrno>

#include "workloads/support/sampled_state.hpp"
#include "workloads/support/waiting_crowd.hpp"

namespace regatta::workloads {

/// Many waiting tasks are cancelled at once. How long it takes from there until all have ended is
/// recorded for itself: the iteration contains their start as well.
struct cancel {
    static constexpr std::string_view name = "cancel";
    static constexpr std::string_view about = "cancels many waiting tasks at once";
    static constexpr workload_kind kind = workload_kind::job;
    static constexpr std::string_view sample_name = "cancel to end of all";

    enum : std::size_t { tasks };
    static constexpr parameter parameters[] = {
        {"tasks", "", 1000, 1, 4'000'000, "tasks that wait"},
    };

    using state = sampled_state<cancel>;
    static constexpr std::chrono::hours for_ever{24};

    /// Adds one where the wait ended because it was cancelled.
    template <full_runtime Runtime>
    static auto unit(Runtime& runtime, job_part& own, typename Runtime::semaphore& all_there,
                     std::uint64_t total) -> typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        waiting_crowd::arrive<Runtime>(alive, total, all_there);
        const auto [failed] = co_await runtime.sleep_for(for_ever);
        own.add(failed.value() == ECANCELED ? 1 : 0);
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        typename Runtime::semaphore all_there(runtime, 0);
        typename Runtime::task_group group(runtime);
        for (std::uint64_t i = 0; i < units(values); ++i) {
            group.spawn(unit<Runtime>(runtime, shared.of(which), all_there, units(values)));
        }
        const auto [incomplete] =
            co_await group.inside(waiting_crowd::assemble<Runtime>(all_there));
        const auto begin = std::chrono::steady_clock::now();
        group.cancel();
        const auto [failed] = co_await group.join();
        require_success(failed ? failed : incomplete, "starting a task");
        shared.record(which, std::chrono::steady_clock::now() - begin);
    }

    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[tasks]);
    }
    static unit_count expected_units(const params& values) {
        return {units(values), units(values)};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(units(values));
    }
};

}  // namespace regatta::workloads
