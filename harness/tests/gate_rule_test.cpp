#include "harness/gate/rule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

#include "harness/gate/sign_flip.hpp"
#include "harness/gate/simulation/noise.hpp"
#include "harness/gate/spending.hpp"

namespace regatta::gate {
namespace {

/// Differences that alternate about `centre`, so that their trimmed mean is `centre`.
std::vector<double> around(double centre, double deviation, std::size_t count) {
    std::vector<double> values;
    for (std::size_t i = 0; i < count; ++i) {
        const double size = deviation * (0.5 + static_cast<double>(i / 2 % 5) / 5);
        values.push_back(centre + (i % 2 == 0 ? size : -size));
    }
    return values;
}

TEST(gate_spending, levels_are_those_of_the_method) {
    const rule levels(20);
    const double ok[] = {.0024, .0029, .0048, .0098, .019, .036};
    for (std::size_t look = 0; look < looks.size(); ++look) {
        EXPECT_NEAR(levels.ok_level(look) / ok[look], 1, 0.03) << look;
    }
    EXPECT_FALSE(levels.strict_level(2));
    EXPECT_NEAR(levels.strict_level(3).value(), 1.5e-4, 0.05e-4);
    EXPECT_NEAR(levels.strict_level(4).value(), 1.6e-4, 0.05e-4);
    EXPECT_NEAR(levels.strict_level(5).value(), 2.8e-4, 0.05e-4);
}

TEST(gate_spending, one_look_spends_all) {
    const std::size_t once[] = {30};
    EXPECT_NEAR(spend(0.05, once).front(), 0.05, 1e-12);
}

TEST(gate_spending, the_looks_together_reject_as_often_as_they_may) {
    constexpr int walks = 200'000;
    const std::vector<double> levels = spend(0.05, looks);
    std::mt19937_64 random(3);
    std::normal_distribution<double> normal;
    int rejected = 0;
    for (int walk = 0; walk < walks; ++walk) {
        double place = 0;
        std::size_t time = 0;
        for (std::size_t look = 0; look < looks.size(); ++look) {
            place += std::sqrt(static_cast<double>(looks[look] - time)) * normal(random);
            time = looks[look];
            const double z = place / std::sqrt(static_cast<double>(time));
            if (std::erfc(z / std::sqrt(2)) / 2 <= levels[look]) {
                ++rejected;
                break;
            }
        }
    }
    // Four standard deviations of the count.
    EXPECT_NEAR(static_cast<double>(rejected) / walks, 0.05, 0.002);
}

TEST(gate_spending, refuses_what_makes_no_sense) {
    const std::size_t falling[] = {6, 6};
    const std::size_t fine[] = {6, 9};
    EXPECT_THROW(spend(0.05, falling), std::domain_error);
    EXPECT_THROW(spend(0, fine), std::domain_error);
    EXPECT_THROW(spend(0.5, fine), std::domain_error);
    EXPECT_THROW(spend(0.05, {}), std::domain_error);
}

TEST(gate_sign_flip, counts_all_signs) {
    // Scores 1, 2, 2: what is positive sums up to 5 in one of 8 cases, to 4 or more in two.
    EXPECT_DOUBLE_EQ(sign_flip_p_above(std::vector{1.0, 2.0, 3.0}), 1.0 / 8);
    EXPECT_DOUBLE_EQ(sign_flip_p_above(std::vector{-1.0, 2.0, 3.0}), 2.0 / 8);
    EXPECT_DOUBLE_EQ(sign_flip_p_above(std::vector{1.0, 2.0, -3.0}), 4.0 / 8);
    EXPECT_DOUBLE_EQ(sign_flip_p_above(std::vector{-1.0, -2.0, -3.0}), 1);
    EXPECT_DOUBLE_EQ(sign_flip_p_above(std::vector<double>(20, 0.1)), std::pow(0.5, 20));
}

TEST(gate_sign_flip, nothing_and_no_difference_say_nothing) {
    EXPECT_EQ(sign_flip_p_above({}), 1);
    EXPECT_EQ(sign_flip_p_above(std::vector<double>(30, 0.0)), 1);
    // Most are 0: the others still count.
    EXPECT_DOUBLE_EQ(sign_flip_p_above(std::vector{0.0, 0.0, 0.0, 1.0, 1.0}), 0.25);
}

TEST(gate_sign_flip, a_spike_counts_no_more_than_the_cut) {
    std::vector<double> values = around(0, 1, 10);
    values[0] = 1e6;
    const double spiky = sign_flip_p_above(values);
    values[0] = 4;
    EXPECT_DOUBLE_EQ(spiky, sign_flip_p_above(values));
}

TEST(gate_sign_flip, is_a_fair_test_of_skewless_noise) {
    constexpr int runs = 20'000;
    int below = 0;
    for (int run = 0; run < runs; ++run) {
        simulation::machine on(simulation::shapes(0.1)[3], 77'000'003ULL * run);
        below += sign_flip_p_above(on.run_pairs(13, 0, 0)) <= 0.05 ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(below) / runs, 0.05, 0.006);
}

TEST(gate_rule, says_nothing_before_the_first_look) {
    const assessment found = assess(rule(20), around(0, 0.01, 5), 0.05);
    EXPECT_EQ(found.found, verdict::inconclusive);
    EXPECT_EQ(found.pairs, 0U);
    EXPECT_FALSE(found.is_final);
}

TEST(gate_rule, no_change_and_little_noise_is_ok_at_once) {
    const assessment found = assess(rule(20), around(0, 0.003, 45), 0.05);
    EXPECT_EQ(found.found, verdict::ok);
    EXPECT_TRUE(found.is_final);
    EXPECT_EQ(found.pairs, 6U);
    EXPECT_NEAR(found.ratio, 1, 1e-3);
    EXPECT_LT(found.ratio_high, 1.05);
}

TEST(gate_rule, values_that_are_all_equal_are_ok) {
    const assessment found = assess(rule(20), std::vector<double>(6, 0.0), 0.03);
    EXPECT_EQ(found.found, verdict::ok);
    EXPECT_EQ(found.ratio_high, 1);
}

TEST(gate_rule, a_slowdown_is_found_at_the_first_look_that_can) {
    const std::vector<double> values = around(std::log(1.1), 0.01, 45);
    EXPECT_FALSE(assess(rule(20), std::span(values).first(19), 0.05).is_final);
    const assessment found = assess(rule(20), values, 0.05);
    EXPECT_EQ(found.found, verdict::regressed);
    EXPECT_EQ(found.pairs, 20U);
    EXPECT_NEAR(found.ratio, 1.1, 1e-3);
    EXPECT_GT(found.ratio_low, 1.05);
}

TEST(gate_rule, real_but_under_the_tolerance_is_minor) {
    // The tolerance lies within the interval at every look.
    const assessment found = assess(rule(20), around(std::log(1.045), 0.05, 45), 0.05);
    EXPECT_EQ(found.found, verdict::minor);
    EXPECT_EQ(found.pairs, 45U);
    EXPECT_TRUE(found.is_final);
}

TEST(gate_rule, what_looks_faster_is_measured_until_it_is_shown) {
    const std::vector<double> values = around(-std::log(1.1), 0.01, 45);
    const assessment early = assess(rule(20), std::span(values).first(6), 0.05);
    EXPECT_EQ(early.found, verdict::ok);
    EXPECT_FALSE(early.is_final);
    const assessment found = assess(rule(20), values, 0.05);
    EXPECT_EQ(found.found, verdict::improved);
    EXPECT_EQ(found.pairs, 20U);
}

TEST(gate_rule, noise_that_drowns_everything_is_inconclusive) {
    const assessment found = assess(rule(20), around(0.03, 1, 60), 0.05);
    EXPECT_EQ(found.found, verdict::inconclusive);
    EXPECT_EQ(found.pairs, 45U);
    EXPECT_TRUE(found.is_final);
}

TEST(gate_rule, more_cells_ask_for_more) {
    EXPECT_GT(rule(1).strict_level(5).value(), rule(20).strict_level(5).value());
    EXPECT_GT(rule(20).strict_level(5).value(), rule(200).strict_level(5).value());
    EXPECT_EQ(rule(1).ok_level(5), rule(200).ok_level(5));
}

}  // namespace
}  // namespace regatta::gate
