#include "harness/stats/noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "harness/stats/chi_square.hpp"
#include "harness/stats/interval.hpp"

namespace regatta::stats {
namespace {

/// Normal values by the polar method: the standard fixes the engine's output, not that of its
/// distributions.
class correlated_source {
public:
    explicit correlated_source(std::uint64_t seed) : random_(seed) {}

    double next() {
        for (;;) {
            const double u = uniform();
            const double v = uniform();
            const double square = u * u + v * v;
            if (square > 0 && square < 1) {
                return u * std::sqrt(-2 * std::log(square) / square);
            }
        }
    }

private:
    double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-52 - 1; }

    std::mt19937_64 random_;
};

/// `n` log-normal values about 1000; each carries on `memory` of the one before it.
std::vector<double> noisy_trials(correlated_source& source, std::size_t n, double deviation,
                                 double memory = 0) {
    std::vector<double> values;
    double state = source.next();
    for (std::size_t i = 0; i < n; ++i) {
        values.push_back(1000 * std::exp(deviation * state));
        state = memory * state + std::sqrt(1 - memory * memory) * source.next();
    }
    return values;
}

TEST(chi_square, quantiles_of_printed_tables) {
    // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4.
    EXPECT_NEAR(chi_square_quantile(0.95, 1), 3.841, 5e-4);
    EXPECT_NEAR(chi_square_quantile(0.975, 29), 45.722, 5e-4);
    EXPECT_NEAR(chi_square_quantile(0.025, 29), 16.047, 5e-4);
    EXPECT_NEAR(chi_square_quantile(0.99, 10), 23.209, 5e-4);
    EXPECT_NEAR(chi_square_quantile(0.05, 100), 77.929, 5e-4);
}

TEST(chi_square, two_degrees_are_exponential) {
    for (const double x : {0.01, 0.5, 2.0, 3.9, 4.1, 30.0, 200.0}) {
        EXPECT_NEAR(chi_square_cdf(x, 2), -std::expm1(-x / 2), 1e-14) << x;
    }
    EXPECT_EQ(chi_square_cdf(0, 5), 0);
}

TEST(chi_square, the_quantile_inverts) {
    for (const double degrees : {0.5, 1.0, 7.0, 49.0, 999.0}) {
        for (const double p : {1e-6, 0.025, 0.5, 0.975, 0.999999}) {
            EXPECT_NEAR(chi_square_cdf(chi_square_quantile(p, degrees), degrees), p, 1e-12);
        }
    }
    EXPECT_THROW(chi_square_quantile(0, 5), std::domain_error);
    EXPECT_THROW(chi_square_quantile(1, 5), std::domain_error);
    EXPECT_THROW(chi_square_quantile(0.5, 0), std::domain_error);
}

TEST(noise, four_values_by_hand) {
    const std::vector<double> values{std::exp(1.0), std::exp(2.0), std::exp(4.0), std::exp(5.0)};
    const auto found = noise_of(values);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->trials, 4u);
    EXPECT_NEAR(found->median, (std::exp(2.0) + std::exp(4.0)) / 2, 1e-9);
    // Distances from 3: -2 -1 1 2; squares 10, products of neighbours 2 - 1 + 2.
    EXPECT_NEAR(found->cv, std::sqrt(std::exp(10.0 / 3) - 1), 1e-9);
    EXPECT_NEAR(found->autocorrelation, 0.3, 1e-12);
    EXPECT_FALSE(found->is_correlated);
    EXPECT_EQ(found->outliers, 0u);
}

TEST(noise, what_has_no_noise_floor) {
    EXPECT_FALSE(noise_of(std::vector<double>{1, 2, 3}));
    EXPECT_FALSE(noise_of(std::vector<double>{1, 2, 3, 0}));
    EXPECT_FALSE(noise_of(std::vector<double>{1, 2, 3, INFINITY}));
    const auto equal = noise_of(std::vector<double>{2, 2, 2, 2});
    ASSERT_TRUE(equal);
    EXPECT_EQ(equal->cv, 0);
    EXPECT_EQ(equal->cv_high, 0);
    EXPECT_FALSE(equal->is_correlated);
}

TEST(noise, the_interval_covers_the_true_variation) {
    constexpr double deviation = 0.02;
    const double truth = std::sqrt(std::expm1(deviation * deviation));
    for (const std::size_t n : {10u, 30u}) {
        correlated_source source(n);
        int covered = 0;
        for (int i = 0; i < 2000; ++i) {
            const auto found = noise_of(noisy_trials(source, n, deviation));
            covered += found->cv_low <= truth && truth <= found->cv_high;
        }
        // 95 % of 2,000, and 4 standard deviations of 9.7.
        EXPECT_NEAR(covered, 1900, 39) << n;
    }
}

TEST(noise, finds_correlation_where_there_is_some) {
    correlated_source source(11);
    int alarms = 0;
    int found = 0;
    double sum = 0;
    for (int i = 0; i < 1000; ++i) {
        alarms += noise_of(noisy_trials(source, 30, 0.02))->is_correlated;
        const auto drifting = noise_of(noisy_trials(source, 30, 0.02, 0.65));
        found += drifting->is_correlated;
        sum += drifting->autocorrelation;
    }
    EXPECT_NEAR(alarms, 50, 35);
    EXPECT_GT(found, 800);
    EXPECT_NEAR(sum / 1000, 0.54, 0.05);  // a sample of 30 has some 0.1 less than the process
}

TEST(noise, spikes_are_counted) {
    correlated_source source(5);
    std::vector<double> values = noisy_trials(source, 30, 0.01);
    EXPECT_EQ(noise_of(values)->outliers, 0u);
    values[7] *= 1.3;
    values[20] *= 0.5;
    EXPECT_EQ(noise_of(values)->outliers, 2u);
}

TEST(noise, pairs_share_what_drifts) {
    const std::vector<std::pair<double, double>> pairs{{1, std::exp(0.03)},
                                                       {2, 2 * std::exp(-0.04)}};
    EXPECT_NEAR(*pair_deviation(pairs), std::sqrt((9e-4 + 16e-4) / 2), 1e-12);
    EXPECT_FALSE(pair_deviation(std::span(pairs).first(1)));
    EXPECT_FALSE(pair_deviation(std::vector<std::pair<double, double>>{{1, 1}, {1, 0}}));
}

TEST(noise, a_detectable_difference_is_found_in_four_of_five_comparisons) {
    constexpr double deviation = 0.015;
    for (const std::size_t pairs : {5u, 10u, 20u}) {
        const double difference = std::log1p(detectable_difference(deviation, pairs));
        correlated_source source(pairs);
        int found = 0;
        int alarms = 0;
        for (int i = 0; i < 4000; ++i) {
            std::vector<double> slower;
            std::vector<double> same;
            for (std::size_t k = 0; k < pairs; ++k) {
                same.push_back(std::exp(deviation * source.next()));
                slower.push_back(same.back() * std::exp(difference));
            }
            found += !log_t_interval(slower)->contains(1);
            alarms += !log_t_interval(same)->contains(1);
        }
        EXPECT_NEAR(found / 4000.0, 0.8, 0.04) << pairs;
        EXPECT_NEAR(alarms / 4000.0, 0.05, 0.015) << pairs;
    }
}

}  // namespace
}  // namespace regatta::stats
