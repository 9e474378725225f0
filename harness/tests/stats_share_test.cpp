#include "harness/stats/share.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace regatta::stats {
namespace {

/// P(X <= found) for X binomial, summed term by term.
double at_most(std::size_t found, std::size_t trials, double share) {
    double sum = 0;
    double term = std::pow(1 - share, static_cast<double>(trials));
    for (std::size_t i = 0; i <= found; ++i) {
        sum += term;
        term *= static_cast<double>(trials - i) / static_cast<double>(i + 1) * share / (1 - share);
    }
    return sum;
}

TEST(share_interval, has_closed_forms_at_the_edges) {
    EXPECT_EQ(share_interval(0, 100).first, 0);
    EXPECT_NEAR(share_interval(0, 100).second, 1 - std::pow(0.025, 1 / 100.0), 1e-12);
    EXPECT_NEAR(share_interval(30, 30).first, std::pow(0.025, 1 / 30.0), 1e-12);
    EXPECT_EQ(share_interval(30, 30).second, 1);
}

TEST(share_interval, leaves_its_tails) {
    for (const auto& [found, trials] : {std::pair{29U, 35U}, {5U, 500U}, {40U, 4000U}}) {
        const auto [low, high] = share_interval(found, trials);
        EXPECT_NEAR(1 - at_most(found - 1, trials, low), 0.025, 1e-9);
        EXPECT_NEAR(at_most(found, trials, high), 0.025, 1e-9);
    }
}

TEST(share_interval, needs_a_trial) {
    EXPECT_THROW(share_interval(0, 0), std::domain_error);
    EXPECT_THROW(share_interval(3, 2), std::domain_error);
}

}  // namespace
}  // namespace regatta::stats
