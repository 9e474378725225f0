#include "harness/gate/power.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/stats/noise.hpp"

namespace regatta::gate {
namespace {

TEST(gate_power, pairs_for_a_t_test_are_the_fewest) {
    for (const double change : {0.02, 0.05, 0.1}) {
        const std::size_t pairs = pairs_for_t_test(0.04, change).value();
        EXPECT_LE(stats::detectable_difference(0.04, pairs), change);
        EXPECT_GT(stats::detectable_difference(0.04, pairs - 1), change);
    }
    EXPECT_FALSE(pairs_for_t_test(1, 0.001));
}

TEST(gate_power, normal_noise_has_the_deviation_of_two_trials) {
    const pair_noise noise = pair_noise::of_variation(0.03);
    EXPECT_NEAR(noise.deviation(), 0.03 * std::sqrt(2), 1e-4);
    const std::vector<double> drawn = noise.draw(20'000, 0.5, 9);
    double sum = 0;
    double squares = 0;
    for (const double each : drawn) {
        sum += each;
        squares += (each - 0.5) * (each - 0.5);
    }
    EXPECT_NEAR(sum / 20'000, 0.5, 0.001);
    EXPECT_NEAR(std::sqrt(squares / 20'000), noise.deviation(), 0.0006);
    EXPECT_EQ(drawn, noise.draw(20'000, 0.5, 9));
}

TEST(gate_power, observed_noise_is_drawn_about_its_centre_with_either_sign) {
    const std::vector<double> observed{0.2, 0.2, 0.2, 0.2, 0.2, 0.3};
    const pair_noise noise = pair_noise::of_differences(observed).value();
    EXPECT_NEAR(noise.deviation(), std::sqrt(0.01 / 5), 1e-12);
    bool has_higher = false;
    bool has_lower = false;
    for (const double each : noise.draw(500, 1, 4)) {
        const double size = each - 1;
        EXPECT_TRUE(std::abs(size) < 1e-12 || std::abs(std::abs(size) - 0.1) < 1e-12) << size;
        has_higher = has_higher || size > 0.05;
        has_lower = has_lower || size < -0.05;
    }
    EXPECT_TRUE(has_higher && has_lower);
    EXPECT_FALSE(pair_noise::of_differences(std::span(observed).first(3)));
}

TEST(gate_power, what_is_large_is_found_and_what_is_nothing_is_ok) {
    const rule levels(20);
    const pair_noise noise = pair_noise::of_variation(0.03);
    const power large = power_of(levels, noise, 0.10, 0.05, 200);
    EXPECT_GE(large.found, 0.98);
    EXPECT_EQ(large.pairs_median, 20U);
    const power none = power_of(levels, noise, 0, 0.05, 200);
    EXPECT_GE(none.ok, 0.98);
    EXPECT_EQ(none.found, 0);
    EXPECT_NEAR(large.found + large.ok + large.minor + large.inconclusive, 1, 1e-9);
}

}  // namespace
}  // namespace regatta::gate
