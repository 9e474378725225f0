#pragma once

#include <atomic>

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// A tree of tasks with ten children each. The leaves are numbered and wait until every task of the
/// tree lives; then each gives its number, and the numbers are summed on the way up.
struct skynet {
    static constexpr std::string_view name = "skynet";
    static constexpr std::string_view about = "a tree of tasks, ten children each, summed up";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { levels };
    static constexpr std::uint64_t fan_out = 10;
    static constexpr parameter parameters[] = {
        {"levels", "", 3, 1, 7, "below the root: 3 makes 1,111 tasks, 6 makes 1,111,111"},
    };

    using state = job_state<skynet>;

    /// Leaves of a tree with so many levels.
    static constexpr std::uint64_t leaves(std::int64_t of_levels) {
        std::uint64_t count = 1;
        for (std::int64_t i = 0; i < of_levels; ++i) {
            count *= fan_out;
        }
        return count;
    }

    template <full_runtime Runtime>
    static auto leaf(job_part& own, typename Runtime::template channel<char>& gate,
                     std::uint64_t number, std::uint64_t all, std::atomic<std::uint64_t>& sum) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        if (alive.number() == all) {
            gate.close();
        } else {
            const auto [failed, nothing] = co_await gate.receive();
            if (failed) {
                co_return own.give_up(failed);
            }
        }
        sum.fetch_add(number, std::memory_order_relaxed);
        co_return outcome{};
    }

    /// The tree of `depth` >= 1 levels whose leaves are numbered from `first`; adds to `sum`.
    template <full_runtime Runtime>
    static auto tree(Runtime& runtime, job_part& own,
                     typename Runtime::template channel<char>& gate, std::uint64_t first,
                     std::int64_t depth, std::uint64_t all, std::atomic<std::uint64_t>& sum) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        std::atomic<std::uint64_t> own_sum{0};
        typename Runtime::task_group children(runtime);
        for (std::uint64_t i = 0; i < fan_out && !own.is_cancelled; ++i) {
            if (depth == 1) {
                children.spawn(leaf<Runtime>(own, gate, first + i, all, own_sum));
            } else {
                children.spawn(tree<Runtime>(runtime, own, gate, first + i * leaves(depth - 1),
                                             depth - 1, all, own_sum));
            }
        }
        const auto [failed] = co_await children.join();
        if (failed) {
            co_return own.give_up(failed);
        }
        sum.fetch_add(own_sum.load(std::memory_order_relaxed), std::memory_order_relaxed);
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        std::atomic<std::uint64_t> sum{0};
        typename Runtime::template channel<char> gate(runtime, 1);
        const auto [failed] =
            co_await tree<Runtime>(runtime, own, gate, 0, values[levels], units(values), sum);
        require_success(failed, "starting a task");
        own.add(sum.load(std::memory_order_relaxed));
    }

    static std::uint64_t units(const params& values) {
        return (leaves(values[levels] + 1) - 1) / (fan_out - 1);
    }
    /// The leaf that opens the gate is the last task, so all live then.
    static unit_count expected_units(const params& values) {
        return {units(values), units(values)};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(sum_below(leaves(values[levels])));
    }
};

}  // namespace regatta::workloads
