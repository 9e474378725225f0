#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "workloads/support/waiting_crowd.hpp"

namespace regatta::workloads {

/// Many tasks that wait, for what they cost in memory while they do: `regatta memory` fits a line
/// over several numbers of them.
struct sleepers {
    static constexpr std::string_view name = "sleepers";
    static constexpr std::string_view about = "many waiting tasks, for the memory of each";
    static constexpr workload_kind kind = workload_kind::job;
    /// `regatta memory` varies it.
    static constexpr std::string_view count_name = "tasks";

    enum : std::size_t { tasks, buffer };
    enum : std::int64_t { none, live_1k };
    static constexpr std::array<std::string_view, 2> buffers{"none", "live_1k"};
    static constexpr parameter parameters[] = {
        {"tasks", "", 1000, 0, 4'000'000, "tasks that wait"},
        {"buffer", "", none, none, live_1k, "live_1k: each keeps 1 KiB that it needs later",
         buffers},
    };

    using state = job_state<sleepers>;

    template <full_runtime Runtime>
    static auto plain(job_part& own, typename Runtime::semaphore& all_there,
                      typename Runtime::template channel<char>& gate, std::uint64_t index,
                      std::uint64_t total) -> typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        waiting_crowd::arrive<Runtime>(alive, total, all_there);
        const auto [failed, nothing] = co_await gate.receive();
        own.add(failed ? 0 : index);
        co_return outcome{failed};
    }

    /// The index goes through all of the buffer's bytes, so they are live across the wait.
    template <full_runtime Runtime>
    static auto with_buffer(job_part& own, typename Runtime::semaphore& all_there,
                            typename Runtime::template channel<char>& gate, std::uint64_t index,
                            std::uint64_t total) -> typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        std::array<std::uint64_t, 1024 / sizeof(std::uint64_t)> kept;
        kept.fill(index);
        asm volatile("" : : "r"(kept.data()) : "memory");  // else the compiler sees through it
        waiting_crowd::arrive<Runtime>(alive, total, all_there);
        const auto [failed, nothing] = co_await gate.receive();
        std::uint64_t sum = 0;
        for (const std::uint64_t each : kept) {
            sum += each;
        }
        own.add(failed ? 0 : sum / kept.size());
        co_return outcome{failed};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        const auto total = static_cast<std::uint64_t>(values[tasks]);
        typename Runtime::semaphore all_there(runtime, total == 0 ? 1 : 0);
        typename Runtime::template channel<char> gate(runtime, 1);
        typename Runtime::task_group group(runtime);
        for (std::uint64_t i = 0; i < total; ++i) {
            if (values[buffer] == none) {
                group.spawn(plain<Runtime>(own, all_there, gate, i, total));
            } else {
                group.spawn(with_buffer<Runtime>(own, all_there, gate, i, total));
            }
        }
        const auto [incomplete] =
            co_await group.inside(waiting_crowd::assemble<Runtime>(all_there));
        if (!incomplete) {
            shared.rest();
        }
        gate.close();
        const auto [failed] = co_await group.join();
        require_success(failed ? failed : incomplete, "starting a task");
    }

    /// An iteration without tasks is a unit all the same: rates are per unit.
    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(values[tasks], 1));
    }
    static unit_count expected_units(const params& values) {
        const auto total = static_cast<std::uint64_t>(values[tasks]);
        return {total, total};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(sum_below(static_cast<std::uint64_t>(values[tasks])));
    }
};

}  // namespace regatta::workloads
