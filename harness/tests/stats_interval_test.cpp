#include "harness/measure/build_info.hpp"
#include "harness/stats/interval.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <random>
#include <vector>

#include "harness/stats/student.hpp"

namespace regatta::stats {
namespace {

nlohmann::json known_answers() {
    const auto path = source_folder() / "harness" / "tests" / "data" / "intervals.json";
    return nlohmann::json::parse(std::ifstream(path));
}

/// Standard normal values by Box and Muller: the same on every platform, unlike
/// std::normal_distribution.
class normal_source {
public:
    explicit normal_source(std::uint64_t seed) : engine_(seed) {}
    double operator()() {
        const double u = (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53;
        const double v = static_cast<double>(engine_() >> 11) * 0x1p-53;
        return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
    }

private:
    std::mt19937_64 engine_;
};

template <class Interval>
double share_covered(std::size_t trial_count, double truth, Interval&& interval_of,
                     double (*shape)(double normal)) {
    constexpr int repetitions = 4000;
    normal_source normal(1);
    int covered = 0;
    for (int i = 0; i < repetitions; ++i) {
        std::vector<double> values;
        for (std::size_t k = 0; k < trial_count; ++k) {
            values.push_back(shape(normal()));
        }
        const std::optional<interval> range = interval_of(values);
        covered += range && range->contains(truth) ? 1 : 0;
    }
    return static_cast<double>(covered) / repetitions;
}

TEST(student, quantiles_are_the_published_ones) {
    const nlohmann::json answers = known_answers();
    for (const auto& known : answers.at("student_quantile")) {
        EXPECT_NEAR(student_quantile(known.at("p"), known.at("degrees")),
                    known.at("t").get<double>(), 1e-9)
            << known;
    }
}

TEST(student, closed_forms_hold_far_into_the_tails) {
    for (const double p : {1e-12, 1e-6, 0.01, 0.3, 0.5, 0.9, 0.999, 0.999999}) {
        const double cauchy = -std::cos(std::numbers::pi * p) / std::sin(std::numbers::pi * p);
        EXPECT_NEAR(student_quantile(p, 1), cauchy, 1e-9 * std::max(1.0, std::abs(cauchy)));
        const double two = (2 * p - 1) / std::sqrt(2 * p * (1 - p));
        EXPECT_NEAR(student_quantile(p, 2), two, 1e-9 * std::max(1.0, std::abs(two)));
    }
}

TEST(student, distribution_and_quantile_are_inverse_also_for_broken_degrees) {
    for (const double degrees : {0.7, 3.4, 17.0, 250.5, 1e6}) {
        for (const double p : {0.001, 0.2, 0.5, 0.8, 0.99}) {
            EXPECT_NEAR(student_cdf(student_quantile(p, degrees), degrees), p, 1e-10);
        }
    }
}

TEST(student, refuses_what_has_no_quantile) {
    EXPECT_THROW(student_quantile(0, 3), std::domain_error);
    EXPECT_THROW(student_quantile(1, 3), std::domain_error);
    EXPECT_THROW(student_quantile(0.5, 0), std::domain_error);
}

TEST(interval, known_answers) {
    const nlohmann::json answers = known_answers();
    for (const auto& known : answers.at("summarise")) {
        const auto values = known.at("values").get<std::vector<double>>();
        const estimate found = summarise(values);
        EXPECT_EQ(found.trials, values.size());
        ASSERT_TRUE(found.median);
        EXPECT_NEAR(*found.median, known.at("median").get<double>(), 1e-12);
        ASSERT_EQ(found.range.has_value(), !known.at("method").is_null()) << known;
        if (found.range) {
            EXPECT_EQ(found.range->method, known.at("method") == "log_t"
                                               ? interval_method::log_t
                                               : interval_method::bootstrap);
            const double low = known.at("low");
            const double high = known.at("high");
            EXPECT_NEAR(found.range->low, low, 1e-8 * low) << known;
            EXPECT_NEAR(found.range->high, high, 1e-8 * high) << known;
        }
    }
}

TEST(interval, median_of_none_one_two_and_three) {
    EXPECT_FALSE(median({}));
    EXPECT_EQ(median(std::vector{3.0}), 3.0);
    EXPECT_EQ(median(std::vector{9.0, 1.0}), 5.0);
    EXPECT_EQ(median(std::vector{9.0, 1.0, 2.0}), 2.0);
}

TEST(interval, geometric_mean_needs_positive_values) {
    EXPECT_NEAR(*geometric_mean(std::vector{1.0, 4.0, 16.0}), 4, 1e-12);
    EXPECT_FALSE(geometric_mean({}));
    EXPECT_FALSE(geometric_mean(std::vector{1.0, 0.0}));
    EXPECT_FALSE(geometric_mean(std::vector{1.0, -2.0}));
}

TEST(interval, log_t_covers_the_median_of_log_normal_values) {
    for (const std::size_t trial_count : {3u, 5u, 10u}) {
        const double covered = share_covered(
            trial_count, 1.0, [](const auto& values) { return log_t_interval(values); },
            [](double normal) { return std::exp(0.3 * normal); });
        EXPECT_GT(covered, 0.93) << trial_count;
        EXPECT_LT(covered, 0.97) << trial_count;
    }
}

TEST(interval, summary_covers_the_median_of_log_normal_values) {
    const double covered = share_covered(
        5, 1.0, [](const auto& values) { return summarise(values).range; },
        [](double normal) { return std::exp(0.02 * normal); });
    EXPECT_GT(covered, 0.93);
    EXPECT_LT(covered, 0.97);
}

TEST(interval, bootstrap_has_fixed_seed_and_needs_six_values) {
    const std::vector<double> values{3, 1, 4, 1, 5, 9, 2, 6};
    const auto first = bootstrap_interval(values);
    const auto second = bootstrap_interval(values);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->low, second->low);
    EXPECT_EQ(first->high, second->high);
    EXPECT_TRUE(first->contains(3.5));
    EXPECT_FALSE(bootstrap_interval(std::vector<double>{1, 2, 3, 4, 5}));
}

TEST(interval, median_far_from_the_logarithmic_mean_falls_back_to_bootstrap) {
    std::vector<double> values(30, 100.0);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] += static_cast<double>(i) * 1e-3;
        values[i] *= i % 3 == 0 ? 5 : 1;
    }
    const estimate found = summarise(values);
    ASSERT_TRUE(found.range);
    EXPECT_EQ(found.range->method, interval_method::bootstrap);
    EXPECT_TRUE(found.range->contains(*found.median));
}

}  // namespace
}  // namespace regatta::stats
