#pragma once

#include <array>
#include <deque>

#include "runtimes/runtime.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta::workloads {

/// `switch`: tasks that wake each other in turn. A ring has one token, so exactly one task can go
/// on at any time; a brigade hands many messages down a line, each task keeping up to one.
struct context_switch {
    static constexpr std::string_view name = "switch";
    static constexpr std::string_view about = "tasks wake each other in turn, in a ring or a line";
    static constexpr workload_kind kind = workload_kind::job;

    enum : std::size_t { parties, rounds, shape };
    enum : std::int64_t { ring, brigade };
    static constexpr std::array<std::string_view, 2> shapes{"ring", "brigade"};
    static constexpr parameter parameters[] = {
        {"parties", "", 2, 2, 100'000, "tasks"},
        {"rounds", "", 1000, 1, 10'000'000, "laps of the token, or messages down the line"},
        {"shape", "", ring, ring, brigade, "ring: one token goes round; brigade: a line", shapes},
    };

    using state = job_state<context_switch>;

    template <full_runtime Runtime>
    static auto pass_token(job_part& own, typename Runtime::semaphore& mine,
                           typename Runtime::semaphore& next, std::int64_t laps) ->
        typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        for (std::int64_t lap = 0; lap < laps; ++lap) {
            const auto [failed] = co_await mine.acquire();
            if (failed) {
                co_return own.give_up(failed);
            }
            own.add(1);
            next.release();
        }
        co_return outcome{};
    }

    /// Each adds one to what it hands on; the last adds the message to the answer.
    template <full_runtime Runtime>
    static auto hand_on(job_part& own, typename Runtime::template channel<std::uint64_t>* from,
                        typename Runtime::template channel<std::uint64_t>* to,
                        std::int64_t messages) -> typename Runtime::template task<outcome> {
        const live_units::unit alive(own.units);
        for (std::int64_t i = 0; i < messages; ++i) {
            std::uint64_t message = 0;
            if (from != nullptr) {
                const auto [failed, value] = co_await from->receive();
                if (failed || !value) {
                    co_return own.give_up(failed);
                }
                message = *value + 1;
            }
            if (to == nullptr) {
                own.add(message);
                continue;
            }
            const auto [refused] = co_await to->send(message);
            if (refused) {
                co_return own.give_up(refused);
            }
        }
        co_return outcome{};
    }

    template <full_runtime Runtime>
    static auto job(Runtime& runtime, state& shared, shard which, const params& values) ->
        typename Runtime::template task<void> {
        job_part& own = shared.of(which);
        const auto count = static_cast<std::size_t>(values[parties]);
        std::deque<typename Runtime::semaphore> turns;
        std::deque<typename Runtime::template channel<std::uint64_t>> line;
        for (std::size_t i = 0; i < count && values[shape] == ring; ++i) {
            turns.emplace_back(runtime, i == 0 ? 1 : 0);
        }
        for (std::size_t i = 1; i < count && values[shape] == brigade; ++i) {
            line.emplace_back(runtime, 1);
        }
        typename Runtime::task_group group(runtime);
        for (std::size_t i = 0; i < count && !own.is_cancelled; ++i) {
            if (values[shape] == ring) {
                group.spawn(pass_token<Runtime>(own, turns[i], turns[i + 1 == count ? 0 : i + 1],
                                                values[rounds]));
            } else {
                group.spawn(hand_on<Runtime>(own, i == 0 ? nullptr : &line[i - 1],
                                             i + 1 == count ? nullptr : &line[i], values[rounds]));
            }
        }
        const auto [failed] = co_await group.join();
        require_success(failed, "waiting for the turn");
    }

    /// One hand-over each. The answer is this number in both shapes.
    static std::uint64_t units(const params& values) {
        const std::int64_t hands = values[shape] == ring ? values[parties] : values[parties] - 1;
        return static_cast<std::uint64_t>(hands * values[rounds]);
    }
    static unit_count expected_units(const params& values) {
        return {static_cast<std::uint64_t>(values[parties]), 2};
    }
    static std::string expected_answer(const params& values) {
        return std::to_string(units(values));
    }
};

}  // namespace regatta::workloads
