// Offsets of clocks are known within the bound that is stated with them.
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "harness/distributed/clock_offset.hpp"

namespace regatta::distributed::tests {
namespace {

struct ways {
    std::uint64_t there_ns;
    std::uint64_t back_ns;
};

// An exchange with a clock that is `ahead` of ours, begun at `now`.
void exchange(clock_offset& known, std::uint64_t now, std::int64_t ahead, const ways& took) {
    const std::uint64_t stamped = now + took.there_ns + static_cast<std::uint64_t>(ahead);
    known.add(now, stamped, now + took.there_ns + took.back_ns);
}

TEST(clock_offset_estimate, holds_the_truth_whatever_the_ways_took) {
    std::mt19937_64 random(1);
    // Ways as they are: seldom short, often delayed, and each way by itself.
    std::exponential_distribution<double> delay(1.0 / 50'000);
    for (const std::int64_t ahead :
         {std::int64_t{0}, std::int64_t{1'000'000'000'000}, std::int64_t{-2'000'000'000'000}}) {
        for (int load = 0; load < 200; ++load) {
            clock_offset known;
            std::uint64_t now = 5'000'000'000'000;
            for (int i = 0; i < 20; ++i) {
                const ways took{1'000 + static_cast<std::uint64_t>(delay(random)),
                                1'000 + static_cast<std::uint64_t>(delay(random))};
                exchange(known, now, ahead, took);
                now += 1'000'000;
            }
            ASSERT_TRUE(known.is_consistent());
            const std::int64_t error = known.offset_ns() - ahead;
            ASSERT_LE(static_cast<std::uint64_t>(std::abs(error)), known.bound_ns());
            // Never worse than the shortest round trip alone.
            ASSERT_LE(known.bound_ns(), (known.round_trip_ns_min() + 1) / 2);
        }
    }
}

TEST(clock_offset_estimate, is_better_than_the_shortest_round_trip_where_ways_differ) {
    clock_offset known;
    exchange(known, 1'000'000, 500, {100, 9'900});
    exchange(known, 2'000'000, 500, {9'900, 100});
    EXPECT_EQ(known.round_trip_ns_min(), 10'000u);
    EXPECT_EQ(known.bound_ns(), 100u);
    EXPECT_EQ(known.offset_ns(), 500);
}

TEST(clock_offset_estimate, says_that_a_clock_was_moved) {
    clock_offset known;
    exchange(known, 1'000'000, 0, {1'000, 1'000});
    EXPECT_TRUE(known.is_consistent());
    exchange(known, 2'000'000, 1'000'000, {600, 600});
    EXPECT_FALSE(known.is_consistent());
    EXPECT_EQ(known.offset_ns(), 1'000'000);  // of the shorter round trip
    EXPECT_EQ(known.bound_ns(), 600u);
}

TEST(clock_offset_estimate, finds_what_ran_apart_and_no_more) {
    clock_offset before;
    clock_offset same;
    clock_offset later;
    exchange(before, 1'000'000, 0, {1'000, 1'000});
    exchange(same, 9'000'000, 1'500, {1'000, 1'000});
    exchange(later, 9'000'000, 10'000, {1'000, 1'000});
    EXPECT_EQ(drift_ns(before, same), 0);  // an offset of 500 agrees with both
    EXPECT_EQ(drift_ns(before, later), 8'000);
    EXPECT_EQ(drift_ns(later, before), -8'000);
}

}  // namespace
}  // namespace regatta::distributed::tests
