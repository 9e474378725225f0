#include "harness/measure/stall.hpp"

#include <gtest/gtest.h>

namespace regatta {
namespace {

using nlohmann::json;

constexpr double interval_ns = 1e8;

/// Intervals of 100 ms with so many replies each.
json series(const std::vector<int>& replies) {
    json intervals = json::array();
    for (const int count : replies) {
        intervals.push_back(
            {{"start_ns", static_cast<std::int64_t>(interval_ns) * intervals.size()},
             {"replies", count}});
    }
    return intervals;
}

stall_evidence window_of(std::size_t intervals) {
    stall_evidence evidence;
    evidence.window_ns = interval_ns * static_cast<double>(intervals);
    evidence.quick_reply_ns = 1e6;
    return evidence;
}

TEST(stall, a_silence_in_the_middle) {
    const auto found = find_stall(series({50, 50, 0, 0, 50, 0, 0, 0, 50, 50}), window_of(10));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->begin_ns, 5e8);
    EXPECT_EQ(found->length_ns, 3e8);
    EXPECT_NEAR(found->expected, 250.0 / 7 * 3, 1e-6);
    EXPECT_EQ(sentence_of(*found),
              "stalled: no reply came for 0.30 s, from 0.50 s into the window on, and some 107 "
              "would have");
    EXPECT_EQ(
        to_json(found),
        json({{"begin_ns", 500'000'000}, {"length_ns", 300'000'000}, {"expected_replies", 107}}));
    EXPECT_TRUE(to_json(std::nullopt).is_null());
}

TEST(stall, a_silence_at_either_end_counts) {
    EXPECT_EQ(find_stall(series({0, 0, 50}), window_of(3))->begin_ns, 0);
    EXPECT_EQ(find_stall(series({50, 0, 0}), window_of(3))->length_ns, 2e8);
}

TEST(stall, what_is_none) {
    EXPECT_FALSE(find_stall(json::array(), window_of(0)));
    EXPECT_FALSE(find_stall(series({50, 50, 50}), window_of(3)));
    EXPECT_FALSE(find_stall(series({50, 0, 50}), window_of(3)));            // too short
    EXPECT_FALSE(find_stall(series({0, 0, 0}), window_of(3)));              // nothing ever came
    EXPECT_FALSE(find_stall(series({1, 1, 0, 0, 0, 1, 1}), window_of(7)));  // chance, at 10/s
}

TEST(stall, bunches_of_slow_replies_are_none) {
    stall_evidence evidence = window_of(9);
    evidence.quick_reply_ns = 3e8;
    EXPECT_FALSE(find_stall(series({50, 0, 0, 50, 0, 0, 50, 0, 0}), evidence));
    evidence.quick_reply_ns = 1e7;
    EXPECT_TRUE(find_stall(series({50, 0, 0, 50, 0, 0, 50, 0, 0}), evidence));
}

TEST(stall, the_schedule_says_what_was_due) {
    stall_evidence evidence = window_of(6);
    evidence.due = [](double, double) { return 0.0; };  // a pause of the load
    EXPECT_FALSE(find_stall(series({100, 0, 0, 0, 0, 100}), evidence));
    evidence.due = [](double begin_ns, double end_ns) { return (end_ns - begin_ns) / 1e7; };
    EXPECT_EQ(find_stall(series({100, 0, 0, 0, 0, 100}), evidence)->expected, 40);
}

}  // namespace
}  // namespace regatta
