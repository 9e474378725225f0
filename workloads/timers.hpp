#pragma once

#include <algorithm>
#include <array>

#include "runtimes/runtime.hpp"
#include "workloads/support/sampled_state.hpp"

namespace regatta::workloads {

/// Many timers at once. `fire`: tasks sleep, and how late each wakes is recorded. `cancel`: tasks
/// set a deadline of an hour around something short, so each timer is set and taken back.
struct timers {
    static constexpr std::string_view name = "timers";
    static constexpr std::string_view about = "timers that fire, or are set and taken back";
    static constexpr workload_kind kind = workload_kind::job;
    static constexpr std::string_view sample_name = "lateness";

    enum : std::size_t { concurrent, rounds, delay_us, end };
    enum : std::int64_t { fire, cancel };
    static constexpr std::array<std::string_view, 2> ends{"fire", "cancel"};
    static constexpr parameter parameters[] = {
        {"concurrent", "", 100, 1, 1'000'000, "timers at once"},
        {"rounds", "", 10, 1, 1'000'000, "timers of each task, one after the other"},
        {"delay_us", "us", 1000, 1, 3'600'000'000, "how long one runs; with cancel an hour"},
        {"end", "", fire, fire, cancel, "what becomes of a timer", ends},
    };

    using state = sampled_state<timers>;
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::hours never{1};

    /// Writes `rounds` values from `late` on; adds one for each timer that did not fire too early.
    template <full_runtime Runtime>
    static auto sleeper(Runtime& runtime, job_part& own, std::chrono::nanoseconds* late,
                        const params& values) -> typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        for (std::int64_t i = 0; i < values[rounds]; ++i) {
            const clock::time_point due =
                clock::now() + std::chrono::microseconds(values[delay_us]);
            const auto [failed] =
                co_await runtime.sleep_for(std::chrono::microseconds(values[delay_us]));
            if (failed) {
                co_return own.give_up(failed);
            }
            late[i] = clock::now() - due;
            own.add(late[i].count() >= 0 ? 1 : 0);
        }
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto soon_over(Runtime& runtime) -> typename Runtime::template task<outcome> {
        co_await runtime.yield();
        co_return outcome{};
    }
    template <full_runtime Runtime>
    static auto in_time(Runtime& runtime, job_part& own, const params& values) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        for (std::int64_t i = 0; i < values[rounds]; ++i) {
            const auto [failed] =
                co_await runtime.with_deadline(never, soon_over<Runtime>(runtime));
            if (failed) {
                co_return own.give_up(failed);
            }
            own.add(1);
        }
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        std::vector<std::chrono::nanoseconds> late(values[end] == fire ? units(values) : 0);
        typename Runtime::task_group group(runtime);
        for (std::int64_t i = 0; i < values[concurrent] && !own.is_cancelled; ++i) {
            if (values[end] == fire) {
                group.spawn(
                    sleeper<Runtime>(runtime, own, late.data() + i * values[rounds], values));
            } else {
                group.spawn(in_time<Runtime>(runtime, own, values));
            }
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "waiting for a timer");
        for (const std::chrono::nanoseconds each : late) {
            shared.record(which, std::max(each, std::chrono::nanoseconds(0)));
        }
    }

    static std::uint64_t units(const params& values) {
        return static_cast<std::uint64_t>(values[concurrent] * values[rounds]);
    }
    static unit_count expected_units(const params& values) {
        return {static_cast<std::uint64_t>(values[concurrent]), 1};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(units(values));
    }
};

}  // namespace regatta::workloads
