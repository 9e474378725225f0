// The parts of the jobs that need no runtime: answers found in another way, and counting.
#include <gtest/gtest.h>

#include <thread>

#include "workloads/fib.hpp"
#include "workloads/matmul.hpp"
#include "workloads/nqueens.hpp"
#include "workloads/skynet.hpp"

namespace regatta::workloads {
namespace {

params with(std::initializer_list<std::int64_t> first) {
    params values;
    std::copy(first.begin(), first.end(), values.values.begin());
    return values;
}

TEST(live_units, counts_in_all_and_at_once) {
    live_units units;
    {
        const live_units::unit first(units);
        EXPECT_EQ(first.number(), 1u);
        { const live_units::unit second(units); }
        const live_units::unit third(units);
        EXPECT_EQ(third.number(), 3u);
        EXPECT_EQ(units.created(), 3u);
        EXPECT_EQ(units.live_peak(), 2u);
    }
    EXPECT_EQ(units.live_peak(), 2u);
    units.clear();
    EXPECT_EQ(units.created(), 0u);
    EXPECT_EQ(units.live_peak(), 0u);
}

TEST(live_units, every_thread_gets_a_number_of_its_own) {
    live_units units;
    std::array<std::uint64_t, 2> sums{};
    constexpr std::uint64_t each = 10'000;
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t& sum : sums) {
            threads.emplace_back([&] {
                for (std::uint64_t i = 0; i < each; ++i) {
                    sum += live_units::unit(units).number();
                }
            });
        }
    }
    EXPECT_EQ(units.created(), 2 * each);
    EXPECT_LE(units.live_peak(), 2u);
    EXPECT_EQ(sums[0] + sums[1], sum_below(2 * each + 1));
}

TEST(nqueens, counts_what_is_published) {
    for (std::int64_t n = 2; n <= 9; ++n) {
        std::uint64_t count = 0;
        for (std::uint64_t beginning = 0; beginning < nqueens::units(with({n})); ++beginning) {
            count += nqueens::placements(n, beginning);
        }
        EXPECT_EQ(std::to_string(count), nqueens::expected_answer(with({n}))) << n;
    }
    EXPECT_EQ(nqueens::expected_answer(with({14})), "365596");
}

TEST(matmul, product_weighs_what_the_check_says) {
    for (const std::int64_t size : {1, 2, 13, 40}) {
        const params values = with({size, 16});
        const matmul::state state(values, 1);
        EXPECT_EQ(std::to_string(state.multiply(0, static_cast<std::size_t>(size))),
                  matmul::expected_answer(values));
    }
}

std::uint64_t counted_forks(std::int64_t n, std::int64_t down_to) {
    std::uint64_t count = 1;
    for (; n > down_to; n -= 2) {
        count += counted_forks(n - 1, down_to);
    }
    return count;
}

TEST(fib, tasks_are_as_many_as_the_calls_fork) {
    for (std::int64_t n = 1; n < 22; ++n) {
        for (const std::int64_t down_to : {2, 5, 6, 30}) {
            EXPECT_EQ(fib::tasks(n, down_to), counted_forks(n, down_to)) << n << " " << down_to;
        }
        EXPECT_EQ(std::to_string(fib::plain(n)), fib::expected_answer(with({n, 2})));
    }
}

TEST(skynet, sizes_are_those_of_the_tree) {
    EXPECT_EQ(skynet::units(with({3})), 1111u);
    EXPECT_EQ(skynet::units(with({6})), 1'111'111u);
    EXPECT_EQ(skynet::expected_answer(with({6})), "499999500000");
}

TEST(job_state, workers_that_disagree_have_no_answer) {
    const params values = with({3});
    job_state<skynet> state(values, 2);
    state.begin();
    state.of({0, 2}).add(7);
    state.of({1, 2}).add(7);
    EXPECT_EQ(state.answer(), "7");
    state.of({1, 2}).add(1);
    EXPECT_EQ(state.answer(), "7 and 8 of another worker");
    EXPECT_EQ(state.units(), 2222u);
}

TEST(job_state, split_work_is_summed_and_taken_once) {
    const params values = with({10});
    job_state<nqueens> state(values, 2);
    state.begin();
    state.of({0, 2}).add(7);
    state.of({1, 2}).add(8);
    EXPECT_EQ(state.answer(), "15");
    EXPECT_EQ(state.units(), 100u);
    EXPECT_EQ(state.take_next(), 0u);
    EXPECT_EQ(state.take_next(), 1u);
    state.begin();
    EXPECT_EQ(state.take_next(), 0u);
    EXPECT_EQ(state.answer(), "0");
}

}  // namespace
}  // namespace regatta::workloads
