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

TEST(open_loop_plan, patterns_of_arrivals_keep_the_mean_rate) {
    runtime_entry runtime;
    benchmark arm = echo_on(runtime);
    arm.rate_per_s = 1000;
    for (std::int64_t arrivals = 0; arrivals <= arrivals_parameter.maximum; ++arrivals) {
        arm.arrivals = arrivals;
        const auto steps = steps_of(arm);
        EXPECT_EQ(steps.empty(), arrivals < 2);
        if (!steps.empty()) {
            EXPECT_NEAR(mean_rate_per_s(steps), 1000, 1e-6) << arrivals;
        }
    }
    arm.rate_per_s = 0;
    EXPECT_TRUE(steps_of(arm).empty());
}

TEST(open_loop_plan, the_users_pattern_is_the_load) {
    runtime_entry runtime;
    runtime.name = "boat";
    benchmark arm = echo_on(runtime);
    const std::string closed = arm.name();
    EXPECT_TRUE(has_parameter(arm, "steps") && has_parameter(arm, "bursts"));
    ASSERT_EQ(assign(arm, "steps", "2000ms@1000,2s@5000"), std::nullopt);
    EXPECT_TRUE(arm.is_open_loop());
    EXPECT_EQ(arm.offered_per_s(), 3000);
    EXPECT_EQ(arm.name(), "echo/boat/size:64/connections:50/steps:2s@1000,2s@5000/workers:1");
    EXPECT_EQ(arm.parameters_json().at("steps"), "2s@1000,2s@5000");
    EXPECT_EQ(schedule_of(arm), "steps");
    EXPECT_EQ(spread_of(arm), "poisson");
    EXPECT_EQ(whole_periods_s(arm, 0.25), 4);
    EXPECT_EQ(whole_periods_s(arm, 8), 8);
    EXPECT_EQ(whole_periods_s(arm, 8.01), 12);
    EXPECT_EQ(closed_loop_of(arm).name(), closed);
    EXPECT_EQ(whole_periods_s(closed_loop_of(arm), 0.25), 0.25);
    ASSERT_EQ(assign(arm, "bursts", "100@50ms"), std::nullopt);
    EXPECT_EQ(arm.offered_per_s(), 2000);
    EXPECT_EQ(spread_of(arm), "constant");
    EXPECT_NE(assign(arm, "bursts", "100"), std::nullopt);
}

TEST(open_loop_plan, the_generator_is_told) {
    runtime_entry runtime;
    runtime.name = "boat";
    benchmark arm = echo_on(runtime);
    const placement apart = place(placement_mode::split, {0, 1}, 1, true);
    using namespace std::chrono_literals;
    EXPECT_EQ(load_fields(arm, apart, 0ms), nlohmann::json({{"mode", "closed"}}));
    arm.rate_per_s = 1000;
    const auto fields = load_fields(arm, apart, 0ms);
    EXPECT_EQ(fields.at("rate_per_s"), 1000.0);
    EXPECT_EQ(fields.at("arrivals"), "poisson");
    EXPECT_EQ(fields.at("spin_ns"), 2'000'000);
    EXPECT_EQ(
        load_fields(arm, place(placement_mode::same_core, {0, 1}, 1, true), 0ms).at("spin_ns"), 0);
    EXPECT_EQ(load_fields(arm, place(placement_mode::split, {0}, 1, true), 0ms).at("spin_ns"), 0);
    // A backend is on the generator's CPU, and a server that runs already here may be.
    benchmark backed = default_benchmark(*find_workload("pool"), runtime);
    backed.rate_per_s = 1000;
    EXPECT_EQ(load_fields(backed, apart, 0ms).at("spin_ns"), 0);
    runtime.target = server_target{"127.0.0.1", 8080};
    EXPECT_EQ(load_fields(arm, apart, 0ms).at("spin_ns"), 0);
    runtime.target = server_target{"192.0.2.1", 8080};
    EXPECT_EQ(load_fields(arm, apart, 0ms).at("spin_ns"), 2'000'000);
    runtime.target = std::nullopt;
    ASSERT_EQ(assign(arm, "arrivals", "bursts"), std::nullopt);
    const auto bursts = load_fields(arm, apart, 300ms).at("steps");
    EXPECT_EQ(bursts[0], nlohmann::json({{"duration_ns", 20'000'000}, {"rate_per_s", 3000.0}}));
    EXPECT_EQ(bursts[1], nlohmann::json({{"duration_ns", 80'000'000}, {"rate_per_s", 500.0}}));
}

}  // namespace
}  // namespace regatta
