#include <gtest/gtest.h>

#include "harness/plan/arrival_pattern.hpp"
#include "harness/plan/benchmark.hpp"
#include "harness/server/open_loop_record.hpp"

namespace regatta {
namespace {

benchmark echo_on(const runtime_entry& runtime) {
    return default_benchmark(*find_workload("echo"), runtime);
}

TEST(open_loop_plan, the_load_stands_in_the_name) {
    runtime_entry runtime;
    runtime.name = "boat";
    benchmark arm = echo_on(runtime);
    EXPECT_FALSE(arm.is_open_loop());
    const std::string closed = arm.name();
    EXPECT_EQ(assign(arm, "arrivals", "constant"), std::nullopt);
    EXPECT_EQ(arm.name(), closed);  // says nothing about a closed loop
    EXPECT_EQ(assign(arm, "rate_per_s", "2000"), std::nullopt);
    EXPECT_EQ(arm.name(),
              "echo/boat/size:64/connections:50/rate_per_s:2000/arrivals:constant/workers:1");
    EXPECT_EQ(arm.offered_per_s(), 2000);
    EXPECT_EQ(closed_loop_of(arm).name(), closed);
    EXPECT_TRUE(assign(arm, "rate_per_s", "-1"));
    EXPECT_TRUE(assign(arm, "arrivals", "sometimes"));
}

TEST(open_loop_plan, a_share_has_no_rate_until_the_capacity_is_known) {
    runtime_entry runtime;
    runtime.name = "boat";
    benchmark arm = echo_on(runtime);
    ASSERT_EQ(assign(arm, "load_percent", "50"), std::nullopt);
    EXPECT_TRUE(arm.is_open_loop());
    EXPECT_EQ(arm.offered_per_s(), 0);
    const std::string name = arm.name();
    arm.load_rate_per_s = 1234.5;
    EXPECT_EQ(arm.offered_per_s(), 1234.5);
    EXPECT_EQ(arm.name(), name);
}

TEST(open_loop_plan, patterns_keep_the_mean_rate) {
    for (std::int64_t arrivals = 0; arrivals <= arrivals_parameter.maximum; ++arrivals) {
        double weighted = 0;
        for (const rate_phase& each : phases_of(arrivals)) {
            weighted += each.factor * std::chrono::duration<double>(each.duration).count();
        }
        EXPECT_NEAR(weighted, pattern_period_s(arrivals), 1e-9) << arrivals;
    }
    EXPECT_TRUE(phases_of(0).empty());
    EXPECT_EQ(pattern_period_s(2), 0.1);
}

TEST(open_loop_plan, the_generator_is_told) {
    runtime_entry runtime;
    runtime.name = "boat";
    benchmark arm = echo_on(runtime);
    const placement apart = place(placement_mode::split, {0, 1}, 1, true);
    EXPECT_EQ(load_fields(arm, apart), nlohmann::json({{"mode", "closed"}}));
    arm.rate_per_s = 1000;
    const auto fields = load_fields(arm, apart);
    EXPECT_EQ(fields.at("rate_per_s"), 1000.0);
    EXPECT_EQ(fields.at("arrivals"), "poisson");
    EXPECT_GT(fields.at("spin_ns"), 0);
    EXPECT_EQ(load_fields(arm, place(placement_mode::same_core, {0, 1}, 1, true)).at("spin_ns"), 0);
    EXPECT_EQ(load_fields(arm, place(placement_mode::split, {0}, 1, true)).at("spin_ns"), 0);
    ASSERT_EQ(assign(arm, "arrivals", "bursts"), std::nullopt);
    const auto bursts = load_fields(arm, apart).at("steps");
    EXPECT_EQ(bursts[0], nlohmann::json({{"duration_ns", 20'000'000}, {"rate_per_s", 3000.0}}));
    EXPECT_EQ(bursts[1], nlohmann::json({{"duration_ns", 80'000'000}, {"rate_per_s", 500.0}}));
}

}  // namespace
}  // namespace regatta
