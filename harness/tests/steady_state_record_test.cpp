#include <gtest/gtest.h>

#include "harness/measure/steady_state.hpp"

namespace regatta {
namespace {

using nlohmann::json;

/// 51 intervals of 20 ms, the last a short one.
json intervals(auto latency_of) {
    json all = json::array();
    for (int i = 0; i < 51; ++i) {
        const double latency_ns = i == 50 ? 1e12 : latency_of(i);
        all.push_back({{"start_ns", i * 20'000'000},
                       {"replies", 50},
                       {"latency_ns_mean", latency_ns},
                       {"latency_ns_p99", nullptr}});
    }
    return all;
}

constexpr double window_ns = 51 * 20e6;

TEST(steady_state_record, an_even_window_is_steady) {
    const auto judged =
        judge_steady_state(intervals([](int i) { return 1000.0 + i % 3; }), window_ns);
    EXPECT_EQ(judged.record.at("is_steady"), true);
    EXPECT_TRUE(judged.record.at("p99_slope_per_s").is_null());
    EXPECT_TRUE(judged.warnings.empty());
}

TEST(steady_state_record, warm_up_and_trend_are_told) {
    const auto warm =
        judge_steady_state(intervals([](int i) { return i < 10 ? 5000.0 : 1000.0; }), window_ns);
    EXPECT_EQ(warm.record.at("is_steady"), false);
    EXPECT_EQ(warm.record.at("mser_cut_ns"), 200'000'000);
    ASSERT_FALSE(warm.warnings.empty());
    EXPECT_EQ(warm.warnings.front(),
              "not in a steady state: the first 200 ms of the window look like warm-up; give a "
              "longer --warmup");
    const auto drift =
        judge_steady_state(intervals([](int i) { return 1000.0 + 20 * i + i % 2; }), window_ns);
    EXPECT_EQ(drift.record.at("is_steady"), false);
    EXPECT_NEAR(drift.record.at("slope_per_s").get<double>(), 1000.0 / 1490, 0.01);
    EXPECT_NE(drift.warnings.back().find("mean latency of the intervals rises"), std::string::npos);
}

TEST(steady_state_record, too_few_intervals_say_nothing) {
    EXPECT_TRUE(judge_steady_state(json::array(), 1).record.is_null());
}

}  // namespace
}  // namespace regatta
