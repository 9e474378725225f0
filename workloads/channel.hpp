#pragma once

#include <atomic>

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// Senders and receivers on one channel: the smaller its capacity, the more often somebody waits.
struct channel {
    static constexpr std::string_view name = "channel";
    static constexpr std::string_view about = "senders and receivers on one bounded channel";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { capacity, senders, receivers, messages };
    static constexpr parameter parameters[] = {
        {"capacity", "", 16, 0, 1'000'000, "values that the channel holds; 0: hand to hand"},
        {"senders", "", 1, 1, 10'000, "tasks that send"},
        {"receivers", "", 1, 1, 10'000, "tasks that receive"},
        {"messages", "", 10'000, 1, 100'000'000, "values in one iteration"},
    };

    using state = job_state<channel>;

    /// Sends the values first, first + step, ... below `end`; the last of the senders closes.
    template <full_runtime Runtime>
    static auto sender(job_part& own, typename Runtime::template channel<std::uint64_t>& queue,
                       std::uint64_t first, std::uint64_t end,
                       std::atomic<std::uint64_t>& senders_left, std::uint64_t step) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        for (std::uint64_t value = first; value < end; value += step) {
            const auto [failed] = co_await queue.send(value);
            if (failed) {
                co_return outcome{failed};
            }
        }
        if (senders_left.fetch_sub(1) == 1) {
            queue.close();
        }
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto receiver(job_part& own, typename Runtime::template channel<std::uint64_t>& queue) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        std::uint64_t sum = 0;
        for (;;) {
            const auto [failed, value] = co_await queue.receive();
            if (failed || !value) {
                own.add(sum);
                co_return outcome{failed};
            }
            sum += *value;
        }
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        typename Runtime::template channel<std::uint64_t> queue(
            runtime, static_cast<std::size_t>(values[capacity]));
        const auto step = static_cast<std::uint64_t>(values[senders]);
        std::atomic<std::uint64_t> senders_left{step};
        typename Runtime::task_group group(runtime);
        for (std::int64_t i = 0; i < values[receivers]; ++i) {
            group.spawn(receiver<Runtime>(own, queue));
        }
        for (std::uint64_t i = 0; i < step; ++i) {
            group.spawn(sender<Runtime>(own, queue, i, units(values), senders_left, step));
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "sending and receiving");
    }

    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[messages]);
    }
    static unit_count expected_units(const params& values) {
        return {static_cast<std::uint64_t>(values[senders] + values[receivers]), 2};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(sum_below(units(values)));
    }
};

}  // namespace regatta::workloads
