#include "harness/stats/change_points.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace regatta::stats {
namespace {

/// Log-normal noise around 1000, times the level of each stretch.
std::vector<double> noisy_levels(std::mt19937_64& random, double deviation,
                                 std::initializer_list<std::pair<std::size_t, double>> stretches) {
    std::normal_distribution<double> noise(0, deviation);
    std::vector<double> values;
    for (const auto& [length, level] : stretches) {
        for (std::size_t i = 0; i < length; ++i) {
            values.push_back(1000 * level * std::exp(noise(random)));
        }
    }
    return values;
}

TEST(change_points, finds_a_step_where_it_is) {
    std::mt19937_64 random(1);
    int near = 0;
    for (int i = 0; i < 50; ++i) {
        const auto found = change_points(noisy_levels(random, 0.02, {{20, 1}, {20, 1.05}}));
        near += found.size() == 1 && found[0].at >= 18 && found[0].at <= 22;
        if (found.size() == 1) {
            EXPECT_NEAR(found[0].ratio, 1.05, 0.03);
            EXPECT_LE(found[0].p, change_level);
        }
    }
    EXPECT_GE(near, 45);
}

TEST(change_points, finds_a_step_soon) {
    std::mt19937_64 random(2);
    int found = 0;
    for (int i = 0; i < 50; ++i) {
        found += !change_points(noisy_levels(random, 0.01, {{30, 1}, {4, 1.1}})).empty();
    }
    EXPECT_GE(found, 48);
}

TEST(change_points, finds_several_and_a_return) {
    std::mt19937_64 random(3);
    const auto found =
        change_points(noisy_levels(random, 0.01, {{15, 1}, {12, 1.1}, {14, 1}, {10, 0.9}}));
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].at, 15u);
    EXPECT_EQ(found[1].at, 27u);
    EXPECT_EQ(found[2].at, 41u);
    EXPECT_GT(found[0].ratio, 1.05);
    EXPECT_LT(found[1].ratio, 0.95);
    EXPECT_LT(found[2].ratio, 0.95);
}

TEST(change_points, sees_none_in_noise) {
    std::mt19937_64 random(4);
    constexpr int repetitions = 1000;
    int reported = 0;
    for (int i = 0; i < repetitions; ++i) {
        auto values = noisy_levels(random, 0.03, {{40, 1}});
        // One trial in ten is a spike.
        for (double& value : values) {
            value *= random() % 10 == 0 ? 1.3 : 1;
        }
        reported += !change_points(values).empty();
    }
    EXPECT_LE(reported, repetitions / 100);
}

TEST(change_points, takes_one_outlier_for_what_it_is) {
    std::mt19937_64 random(5);
    auto values = noisy_levels(random, 0.01, {{30, 1}});
    values[12] *= 2;
    EXPECT_TRUE(change_points(values).empty());
}

TEST(change_points, are_the_same_each_time) {
    std::mt19937_64 random(6);
    const auto values = noisy_levels(random, 0.02, {{12, 1}, {12, 1.2}});
    const auto first = change_points(values);
    const auto second = change_points(values);
    ASSERT_EQ(first.size(), 1u);
    EXPECT_EQ(first[0].at, second[0].at);
    EXPECT_EQ(first[0].p, second[0].p);
}

TEST(change_points, has_nothing_to_say_of_little) {
    EXPECT_TRUE(change_points(std::vector<double>{}).empty());
    EXPECT_TRUE(change_points(std::vector<double>{1, 2, 3, 100, 200}).empty());
    EXPECT_TRUE(change_points(std::vector<double>(30, 5.0)).empty());
    EXPECT_TRUE(change_points(std::vector<double>{1, 1, 1, 1, 0, 9, 9, 9, 9, 9, 9}).empty());
}

}  // namespace
}  // namespace regatta::stats
