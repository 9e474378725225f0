#pragma once

#include <array>

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// Counts the ways to place n queens on n rows so that none attacks another. Each placement of the
/// first two rows is a task; the workers take them from a common counter.
struct nqueens {
    static constexpr std::string_view name = "nqueens";
    static constexpr std::string_view about = "counts placements of n queens, one task a beginning";
    static constexpr workload_kind kind = workload_kind::job;
    static constexpr bool is_split = true;

    enum : std::size_t { queens };
    static constexpr parameter parameters[] = {
        {"queens", "", 10, 2, 18, "rows and columns"},
    };

    using state = job_state<nqueens>;

    /// Placements of the rest where `columns` are taken, and `left` and `right` attacked along the
    /// diagonals; `all` is the mask of the columns.
    static std::uint64_t rest(unsigned all, unsigned columns, unsigned left, unsigned right) {
        if (columns == all) {
            return 1;
        }
        std::uint64_t count = 0;
        for (unsigned free = all & ~(columns | left | right); free != 0; free &= free - 1) {
            const unsigned place = free & -free;
            count += rest(all, columns | place, (left | place) << 1, (right | place) >> 1);
        }
        return count;
    }
    /// Placements that begin with `beginning`: first column * n + second column.
    static std::uint64_t placements(std::int64_t n, std::uint64_t beginning) {
        const auto size = static_cast<std::uint64_t>(n);
        const unsigned first = 1u << (beginning / size);
        const unsigned second = 1u << (beginning % size);
        if (((first | first << 1 | first >> 1) & second) != 0) {
            return 0;
        }
        return rest((1u << size) - 1, first | second, (first << 1 | second) << 1,
                    (first >> 1 | second) >> 1);
    }

    template <full_runtime Runtime>
    static auto unit(job_part& own, std::int64_t n, std::uint64_t beginning) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        own.add(placements(n, beginning));
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        typename Runtime::task_group group(runtime);
        for (std::uint64_t i; (i = shared.take_next()) < units(values);) {
            group.spawn(unit<Runtime>(own, values[queens], i));
            // Where a task does not run at once: what was taken is done before more is.
            co_await runtime.yield();
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "starting a task");
    }

    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[queens] * values[queens]);
    }
    static unit_count expected_units(const params& values) { return {units(values), 1}; }
    /// As published: OEIS A000170.
    static std::string expected_answer(const params& values) {
        constexpr std::array<std::uint32_t, 19> known{
            1,   1,    0,     0,     2,      10,      4,        40,       92,       352,
            724, 2680, 14200, 73712, 365596, 2279184, 14772512, 95815104, 666090624};
        return std::to_string(known[static_cast<std::size_t>(values[queens])]);
    }
};

}  // namespace regatta::workloads
