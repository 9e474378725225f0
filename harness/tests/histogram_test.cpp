#include "harness/measure/histogram.hpp"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "harness/measure/histogram_json.hpp"

namespace regatta::tests {
namespace {

constexpr std::uint64_t minute_ns = 60'000'000'000;

// Values from 1 ns to 60 s, every order of magnitude equally often.
std::vector<std::uint64_t> random_values(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> exponent(0, std::log(static_cast<double>(minute_ns)));
    std::vector<std::uint64_t> values(count);
    for (auto& value : values) {
        value = static_cast<std::uint64_t>(std::exp(exponent(random)));
    }
    return values;
}

histogram of(const std::vector<std::uint64_t>& values) {
    histogram result;
    for (const auto value : values) {
        result.record(value);
    }
    return result;
}

void expect_same(const histogram& left, const histogram& right) {
    EXPECT_EQ(left.sparse(), right.sparse());
    EXPECT_EQ(left.count(), right.count());
    EXPECT_EQ(left.min(), right.min());
    EXPECT_EQ(left.max(), right.max());
    EXPECT_NEAR(left.sum(), right.sum(), left.sum() * 1e-9);
}

TEST(histogram, a_bucket_stands_for_its_values_within_0_8_percent) {
    auto values = random_values(200'000, 1);
    for (std::uint64_t power = 1; power <= minute_ns; power *= 2) {
        values.insert(values.end(), {power - 1, power, power + 1});
    }
    for (const auto value : values) {
        const std::size_t index = histogram::index_of(value);
        EXPECT_LE(histogram::lowest_of(index), value);
        EXPECT_GT(histogram::lowest_of(index + 1), value);
        const double error =
            std::abs(static_cast<double>(histogram::middle_of(index)) - static_cast<double>(value));
        EXPECT_LE(error, 0.008 * static_cast<double>(value)) << value;
    }
}

TEST(histogram, covers_all_of_64_bits) {
    histogram whole;
    whole.record(0);
    whole.record(~std::uint64_t{0});
    EXPECT_EQ(whole.value_at(0.5), 0u);
    EXPECT_EQ(whole.max(), ~std::uint64_t{0});
    EXPECT_NEAR(static_cast<double>(whole.value_at(1)), 0x1p64, 0.008 * 0x1p64);
}

TEST(histogram, percentiles_are_within_0_8_percent_of_the_sorted_values) {
    auto values = random_values(100'000, 2);
    const histogram whole = of(values);
    std::sort(values.begin(), values.end());
    for (const double fraction : {0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 0.99999, 1.0}) {
        const auto rank = std::max(1.0, std::ceil(fraction * 100'000));
        const auto exact = static_cast<double>(values[static_cast<std::size_t>(rank) - 1]);
        EXPECT_NEAR(static_cast<double>(whole.value_at(fraction)), exact, 0.008 * exact);
    }
    EXPECT_EQ(whole.min(), values.front());
    EXPECT_EQ(whole.max(), values.back());
}

TEST(histogram, merged_parts_are_the_whole) {
    const auto values = random_values(30'000, 3);
    histogram merged;
    for (std::size_t part = 0; part < 7; ++part) {
        histogram one;
        for (std::size_t i = part; i < values.size(); i += 7) {
            one.record(values[i]);
        }
        merged.merge(one);
    }
    merged.merge(histogram{});
    expect_same(merged, of(values));
}

TEST(histogram, survives_json) {
    for (const histogram& before : {of(random_values(10'000, 4)), histogram{}}) {
        const auto text = to_json(before).dump();
        expect_same(histogram_from_json(nlohmann::json::parse(text)), before);
    }
}

TEST(histogram, refuses_json_of_another_layout) {
    auto object = to_json(of({1, 2, 3}));
    object["sub_bucket_bits"] = 8;
    EXPECT_THROW(histogram_from_json(object), std::runtime_error);
    object = to_json(of({1, 2, 3}));
    object["counts"][0][0] = std::uint64_t{1} << 40;
    EXPECT_THROW(histogram_from_json(object), std::runtime_error);
    object.erase("counts");
    EXPECT_THROW(histogram_from_json(object), nlohmann::json::exception);
}

TEST(histogram, has_no_percentile_without_100_values_beyond_it) {
    const std::pair<double, std::uint64_t> needed[] = {
        {0.5, 200}, {0.9, 1000}, {0.99, 10'000}, {0.999, 100'000}};
    for (const auto& [fraction, count] : needed) {
        histogram values;
        values.record(5, count - 1);
        EXPECT_FALSE(values.percentile(fraction).has_value()) << fraction;
        values.record(5);
        EXPECT_EQ(values.percentile(fraction), 5u) << fraction;
    }
}

TEST(histogram, is_empty_after_clear) {
    histogram values = of({1, 1000, minute_ns});
    values.clear();
    expect_same(values, histogram{});
    values.record(7);
    expect_same(values, of({7}));
}

}  // namespace
}  // namespace regatta::tests
