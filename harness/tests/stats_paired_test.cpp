#include "harness/stats/paired.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace regatta::stats {
namespace {

using rounds = std::vector<std::pair<double, double>>;

estimate estimate_of(const rounds& pairs, bool first) {
    std::vector<double> values;
    for (const auto& [a, b] : pairs) {
        values.push_back(first ? a : b);
    }
    return summarise(values);
}

bool told_apart(const rounds& pairs) {
    return can_be_told_apart(ratio_of_rounds(pairs), estimate_of(pairs, true),
                             estimate_of(pairs, false));
}

TEST(paired, ratio_is_the_geometric_mean_of_the_rounds) {
    const auto ratio = ratio_of_rounds(rounds{{2, 1}, {8, 1}, {4, 1}});
    ASSERT_TRUE(ratio && ratio->range);
    EXPECT_NEAR(ratio->value, 4, 1e-12);
    EXPECT_EQ(ratio->rounds, 3u);
    // ln 2 times (1, 2, 3): mean 2 ln 2, deviation ln 2, t = 4.30265 at 2 degrees of freedom.
    const double reach = 4.302652729749464 * std::log(2) / std::sqrt(3);
    EXPECT_NEAR(ratio->range->low, 4 * std::exp(-reach), 1e-9);
    EXPECT_NEAR(ratio->range->high, 4 * std::exp(reach), 1e-6);
}

TEST(paired, what_both_trials_of_a_round_share_cancels) {
    const auto ratio = ratio_of_rounds(rounds{{100, 50}, {200, 100}, {40, 20}});
    ASSERT_TRUE(ratio && ratio->range);
    EXPECT_NEAR(ratio->range->low, 2, 1e-9);
    EXPECT_NEAR(ratio->range->high, 2, 1e-9);
}

TEST(paired, one_round_has_a_ratio_and_no_interval) {
    const auto ratio = ratio_of_rounds(rounds{{3, 2}});
    ASSERT_TRUE(ratio);
    EXPECT_FALSE(ratio->range);
}

TEST(paired, zero_has_no_ratio) {
    EXPECT_FALSE(ratio_of_rounds(rounds{{3, 0}, {3, 1}}));
    EXPECT_FALSE(ratio_of_rounds(rounds{}));
}

TEST(paired, told_apart_only_where_ratio_and_intervals_agree) {
    EXPECT_TRUE(told_apart({{200, 100}, {202, 101}, {199, 100}}));
    EXPECT_FALSE(told_apart({{100, 101}, {102, 100}, {99, 100}}));
    // Paired ratio of exactly 1.1 in each round, but the machine moved more than that between them.
    EXPECT_FALSE(told_apart({{110, 100}, {220, 200}, {55, 50}}));
    EXPECT_FALSE(told_apart({{200, 100}}));
}

}  // namespace
}  // namespace regatta::stats
