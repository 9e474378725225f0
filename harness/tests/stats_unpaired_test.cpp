#include "harness/stats/unpaired.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace regatta::stats {
namespace {

using sample = std::vector<double>;

sample exponentials(const sample& logs) {
    sample result;
    for (const double each : logs) {
        result.push_back(std::exp(each));
    }
    return result;
}

TEST(unpaired, agrees_with_welchs_test_by_hand) {
    // Logarithms 1 2 3 (mean 2, variance 1) and 2 4 6 8 (mean 5, variance 20/3): squared errors 1/3
    // and 5/3, so t = 3 / sqrt(2) and 4 / (1/18 + 25/27) = 216/53 degrees of freedom.
    const auto ratio = ratio_of_groups(exponentials({1, 2, 3}), exponentials({2, 4, 6, 8}));
    ASSERT_TRUE(ratio && ratio->range && ratio->p);
    EXPECT_NEAR(ratio->value, std::exp(3), 1e-9);
    // P(|T| > t) by numerical integration of the density.
    EXPECT_NEAR(*ratio->p, 0.0999129, 1e-6);
    EXPECT_NEAR(std::log(ratio->range->low) + std::log(ratio->range->high), 6, 1e-9);
    EXPECT_LT(ratio->range->low, 1);
}

TEST(unpaired, covers_the_truth_as_often_as_it_says) {
    std::mt19937_64 random(20);
    std::normal_distribution<double> few(0, 0.02);
    std::normal_distribution<double> many(std::log(1.1), 0.06);
    int covered = 0;
    constexpr int repetitions = 4000;
    for (int i = 0; i < repetitions; ++i) {
        sample olds;
        sample news;
        for (int j = 0; j < 4; ++j) {
            olds.push_back(std::exp(few(random)));
        }
        for (int j = 0; j < 9; ++j) {
            news.push_back(std::exp(many(random)));
        }
        covered += ratio_of_groups(olds, news)->range->contains(1.1);
    }
    // 95 %, three standard deviations of 4,000 repetitions either way, and Welch's approximation.
    EXPECT_NEAR(covered / double{repetitions}, 0.95, 0.012);
}

TEST(unpaired, says_no_more_than_it_knows) {
    EXPECT_FALSE(ratio_of_groups(sample{}, sample{1}));
    EXPECT_FALSE(ratio_of_groups(sample{0, 1}, sample{1, 1}));
    const auto single = ratio_of_groups(sample{2}, sample{3, 3});
    ASSERT_TRUE(single);
    EXPECT_DOUBLE_EQ(single->value, 1.5);
    EXPECT_FALSE(single->range || single->p);
}

TEST(unpaired, figures_without_chance_differ_or_do_not) {
    EXPECT_EQ(ratio_of_groups(sample{4, 4}, sample{4, 4})->p, 1);
    const auto grown = ratio_of_groups(sample{4, 4}, sample{5, 5});
    EXPECT_EQ(grown->p, 0);
    EXPECT_DOUBLE_EQ(grown->range->low, 1.25);
}

TEST(holm, adjusts_from_the_smallest_on) {
    const sample adjusted = holm_adjusted(sample{0.01, 0.04, 0.03, 0.005});
    EXPECT_DOUBLE_EQ(adjusted[3], 0.02);
    EXPECT_DOUBLE_EQ(adjusted[0], 0.03);
    EXPECT_DOUBLE_EQ(adjusted[2], 0.06);
    EXPECT_DOUBLE_EQ(adjusted[1], 0.06);  // not below the one before it
    EXPECT_TRUE(holm_adjusted(sample{}).empty());
}

}  // namespace
}  // namespace regatta::stats
