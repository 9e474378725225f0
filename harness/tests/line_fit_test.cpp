#include "harness/stats/line_fit.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <vector>

namespace regatta::stats {
namespace {

using points = std::vector<std::pair<double, double>>;

TEST(line_fit, a_straight_line_is_found_exactly) {
    const auto line = fit_line(points{{0, 100}, {1000, 5100}, {10000, 50100}});
    ASSERT_TRUE(line);
    EXPECT_NEAR(line->slope, 5, 1e-12);
    EXPECT_NEAR(line->intercept, 100, 1e-8);
    EXPECT_NEAR(line->slope_low, 5, 1e-9);
    EXPECT_NEAR(line->slope_high, 5, 1e-9);
    EXPECT_EQ(line->points, 3u);
}

// Anscombe's first set (The American Statistician 27, 1973): y = 3.000 + 0.500 x, standard error of
// the slope 0.1179; t(0.975, 9) = 2.2622.
TEST(line_fit, agrees_with_anscombes_first_set) {
    const points known{{10, 8.04}, {8, 6.95}, {13, 7.58},  {9, 8.81}, {11, 8.33}, {14, 9.96},
                       {6, 7.24},  {4, 4.26}, {12, 10.84}, {7, 4.82}, {5, 5.68}};
    const auto line = fit_line(known);
    ASSERT_TRUE(line);
    EXPECT_NEAR(line->slope, 0.50009, 1e-5);
    EXPECT_NEAR(line->intercept, 3.00009, 1e-5);
    EXPECT_NEAR(line->slope_high - line->slope, 2.26216 * 0.11791, 1e-4);
    EXPECT_NEAR(line->slope - line->slope_low, 2.26216 * 0.11791, 1e-4);
}

TEST(line_fit, needs_three_points_and_two_places) {
    EXPECT_FALSE(fit_line(points{}));
    EXPECT_FALSE(fit_line(points{{0, 1}, {1, 2}}));
    EXPECT_FALSE(fit_line(points{{5, 1}, {5, 2}, {5, 3}}));
}

TEST(line_fit, its_interval_covers_the_true_slope_as_often_as_it_says) {
    constexpr int runs = 2000;
    constexpr std::array<double, 3> counts{0, 1000, 10000};
    std::mt19937_64 random(7);
    std::normal_distribution<double> noise(0, 40'000);
    int covered = 0;
    for (int run = 0; run < runs; ++run) {
        points drawn;
        for (int round = 0; round < 3; ++round) {
            for (const double count : counts) {
                drawn.emplace_back(count, 2e6 + 1536 * count + noise(random));
            }
        }
        const auto line = fit_line(drawn);
        covered += line->slope_low <= 1536 && 1536 <= line->slope_high ? 1 : 0;
    }
    EXPECT_NEAR(covered, 1900, 40);  // 95 %, and 4 standard deviations
}

}  // namespace
}  // namespace regatta::stats
