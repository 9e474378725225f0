#pragma once

#include <atomic>
#include <utility>

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// Fibonacci numbers by fork and join: every call down to `cutoff` forks a task for its greater
/// half and computes the other one itself. Below, plain recursion: real CPU work at the leaves.
struct fib {
    static constexpr std::string_view name = "fib";
    static constexpr std::string_view about = "Fibonacci numbers by fork and join";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { number, cutoff };
    static constexpr parameter parameters[] = {
        {"number", "", 27, 1, 50, "which Fibonacci number"},
        {"cutoff", "", 17, 2, 50, "from here on down without tasks"},
    };

    using state = job_state<fib>;

    static std::uint64_t plain(std::int64_t n) {
        return n < 2 ? static_cast<std::uint64_t>(n) : plain(n - 1) + plain(n - 2);
    }

    /// Adds the n-th number to `sum`.
    template <full_runtime Runtime>
    static auto fork(Runtime& runtime, job_part& own, std::int64_t n, std::int64_t down_to,
                     std::atomic<std::uint64_t>& sum) -> typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        typename Runtime::task_group children(runtime);
        for (; n > down_to; n -= 2) {
            children.spawn(fork<Runtime>(runtime, own, n - 1, down_to, sum));
        }
        sum.fetch_add(plain(n), std::memory_order_relaxed);
        const outcome joined = co_await children.join();
        co_return joined;
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        const auto [failed] =
            co_await fork<Runtime>(runtime, own, values[number], values[cutoff], own.sum);
        require_success(failed, "starting a task");
    }

    /// Tasks of one call: tasks(n) = 1 + tasks(n - 1) + tasks(n - 3) + ... while above the cutoff.
    static std::uint64_t tasks(std::int64_t n, std::int64_t down_to) {
        // tasks(n) - tasks(n - 2) = tasks(n - 1): the loop above, two steps on, is that of n - 2.
        std::uint64_t below = 1;
        std::uint64_t here = 1;
        for (std::int64_t i = down_to; i < n; ++i) {
            below = std::exchange(here, here + below);
        }
        return here;
    }
    static std::uint64_t units(const params& values) {
        return tasks(values[number], values[cutoff]);
    }
    static unit_count expected_units(const params& values) { return {units(values), 1}; }
    static std::string expected_answer(const params& values) {
        std::uint64_t low = 0;
        std::uint64_t high = 1;
        for (std::int64_t i = 0; i < values[number]; ++i) {
            low = std::exchange(high, low + high);
        }
        return std::to_string(low);
    }
};

}  // namespace regatta::workloads
