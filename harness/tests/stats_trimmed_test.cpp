#include "harness/stats/trimmed.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "harness/stats/student.hpp"

namespace regatta::stats {
namespace {

TEST(trimmed, one_to_ten_by_hand) {
    const std::vector<double> values{10, 1, 9, 2, 8, 3, 7, 4, 6, 5};
    const auto found = trimmed_mean_of(values);
    ASSERT_TRUE(found);
    EXPECT_NEAR(found->value, 5.5, 1e-12);
    // Winsorised 3 3 3 4 5 6 7 8 8 8: sum of squares about the mean 42.5.
    EXPECT_NEAR(found->standard_error, std::sqrt(42.5 / 9) / (0.6 * std::sqrt(10)), 1e-12);
    EXPECT_EQ(found->degrees, 5);
    EXPECT_NEAR(found->p_below(5.5), 0.5, 1e-12);
    EXPECT_NEAR(found->p_below(7), student_cdf(-1.5 / found->standard_error, 5), 1e-12);
    EXPECT_NEAR(found->p_below(7) + found->p_above(7), 1, 1e-12);
}

TEST(trimmed, spikes_do_not_move_it) {
    const std::vector<double> calm{1.00, 1.01, 0.99, 1.02, 0.98, 1.00};
    std::vector<double> spiky = calm;
    spiky[3] = 50;
    EXPECT_NEAR(trimmed_mean_of(spiky)->value, trimmed_mean_of(calm)->value, 1e-12);
}

TEST(trimmed, no_spread_decides_by_the_mean_alone) {
    const auto found = trimmed_mean_of(std::vector<double>(6, 2.0));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->p_below(3), 0);
    EXPECT_EQ(found->p_below(1), 1);
    EXPECT_EQ(found->p_below(2), 0.5);
}

TEST(trimmed, refuses_too_little_and_wrong_trim) {
    EXPECT_FALSE(trimmed_mean_of(std::vector{1.0}));
    EXPECT_FALSE(trimmed_mean_of(std::vector{1.0, 2.0}, 0.5));
    EXPECT_FALSE(trimmed_mean_of(std::vector{1.0, 2.0}, -0.1));
    EXPECT_TRUE(trimmed_mean_of(std::vector{1.0, 2.0}));
}

}  // namespace
}  // namespace regatta::stats
