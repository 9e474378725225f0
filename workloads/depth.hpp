#pragma once

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// A task that lets others run at the bottom of a chain of calls, each of which awaits the next.
/// Stackless coroutines make a frame for each call; threads and fibers have a stack.
struct depth {
    static constexpr std::string_view name = "depth";
    static constexpr std::string_view about = "suspends at the bottom of nested calls";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { calls, descents };
    static constexpr parameter parameters[] = {
        {"calls", "", 16, 1, 512, "calls above the place where it suspends"},
        {"descents", "", 100, 1, 1'000'000, "how often it goes down and suspends"},
    };

    using state = job_state<depth>;

    /// How many calls there were below and with this one.
    template <runtime Runtime>
    static auto descend(Runtime& runtime, std::int64_t more) ->
        typename Runtime::template task<std::uint64_t> {
        if (more == 0) {
            co_await runtime.yield();
            co_return 0;
        }
        const std::uint64_t below = co_await descend<Runtime>(runtime, more - 1);
        co_return below + 1;
    }

    template <runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        for (std::int64_t i = 0; i < values[descents]; ++i) {
            const std::uint64_t reached = co_await descend<Runtime>(runtime, values[calls]);
            own.add(reached);
        }
    }

    /// Calls.
    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[calls] * values[descents]);
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(units(values));
    }
};

}  // namespace regatta::workloads
