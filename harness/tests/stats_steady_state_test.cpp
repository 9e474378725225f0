#include "harness/stats/steady_state.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace regatta::stats {
namespace {

/// `count` interval means around 1 with the given noise; `autocorrelation` from each to the next.
class simulated {
public:
    explicit simulated(std::uint64_t seed) : random_(seed) {}

    std::vector<double> series(std::size_t count, double noise, double autocorrelation = 0) {
        std::vector<double> values;
        double error = 0;
        for (std::size_t i = 0; i < count; ++i) {
            error = autocorrelation * error +
                    std::sqrt(1 - autocorrelation * autocorrelation) * normal();
            values.push_back(1 + noise * error);
        }
        return values;
    }

private:
    double uniform() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53; }
    double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * M_PI * uniform()); }
    std::mt19937_64 random_;
};

constexpr int runs = 500;

int unsteady(double noise, double autocorrelation, auto change) {
    int count = 0;
    for (int run = 0; run < runs; ++run) {
        std::vector<double> series =
            simulated(static_cast<std::uint64_t>(run)).series(50, noise, autocorrelation);
        for (std::size_t i = 0; i < series.size(); ++i) {
            series[i] *= change(static_cast<double>(i));
        }
        count += steadiness_of(series)->is_steady() ? 0 : 1;
    }
    return count;
}

TEST(steady_state, series_without_a_trend_are_rarely_refused) {
    const auto none = [](double) { return 1.0; };
    EXPECT_LE(unsteady(0.05, 0, none), runs / 100);
    EXPECT_LE(unsteady(0.2, 0, none), runs / 50);
    EXPECT_LE(unsteady(0.1, 0.5, none), runs / 50);
}

TEST(steady_state, a_warm_up_within_the_window_is_found) {
    // Twice as slow at first, over after a tenth of the window... or a fifth.
    for (const double length : {5.0, 10.0}) {
        EXPECT_GE(unsteady(0.1, 0, [=](double i) { return i < length ? 3.0 : 1.0; }),
                  runs * 99 / 100);
    }
    EXPECT_GE(unsteady(0.1, 0.3, [](double i) { return 1 + 3 * std::exp(-i / 5); }),
              runs * 95 / 100);
}

TEST(steady_state, a_drift_is_found_up_or_down) {
    EXPECT_GE(unsteady(0.05, 0, [](double i) { return 1 + 0.01 * i; }), runs * 99 / 100);
    EXPECT_GE(unsteady(0.05, 0, [](double i) { return 1.5 - 0.01 * i; }), runs * 99 / 100);
}

TEST(steady_state, a_drift_that_does_not_matter_is_none) {
    EXPECT_EQ(unsteady(0.001, 0, [](double i) { return 1 + 0.002 * i; }), 0);
}

TEST(steady_state, mser_cuts_where_the_warm_up_ends) {
    std::vector<double> series(50, 1.0);
    for (std::size_t i = 0; i < 12; ++i) {
        series[i] = 5;
    }
    EXPECT_EQ(mser5_cut(series), 15u);  // the batch that holds the last of it goes too
    EXPECT_EQ(mser5_cut(std::vector<double>(50, 1.0)), 0u);
    EXPECT_EQ(mser5_cut(std::vector<double>(19, 1.0)), std::nullopt);
    EXPECT_EQ(mser5_cut({}), std::nullopt);
}

TEST(steady_state, slopes_are_shares_of_the_mean) {
    std::vector<double> series;
    for (int i = 0; i < 50; ++i) {
        series.push_back(100 + 2 * i);  // mean 149
    }
    const auto found = trend_of(series);
    ASSERT_TRUE(found);
    EXPECT_NEAR(found->slope, 2.0 / 149, 1e-12);
    EXPECT_LT(found->p, 1e-6);
    EXPECT_EQ(trend_of(std::vector<double>(50, 3.0))->p, 1);
    EXPECT_FALSE(trend_of(std::vector<double>(24, 3.0)));
    EXPECT_FALSE(trend_of(std::vector<double>(50, 0.0)));
}

TEST(steady_state, the_trend_test_keeps_its_level) {
    int alarms = 0;
    for (int run = 0; run < 2000; ++run) {
        alarms +=
            trend_of(simulated(1000 + static_cast<std::uint64_t>(run)).series(50, 0.1))->p < 0.05;
    }
    EXPECT_NEAR(alarms, 100, 30);  // 5 % of 2,000, and 3 standard deviations
}

}  // namespace
}  // namespace regatta::stats
