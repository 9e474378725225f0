#include "harness/load/schedule.hpp"
#include "harness/tests/load_time.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace regatta::load::tests {
namespace {

std::vector<std::uint64_t> arrivals_until(std::uint64_t end_ns, schedule from) {
    std::vector<std::uint64_t> result;
    for (std::uint64_t next = from.next(); next < end_ns; next = from.next()) {
        result.push_back(next);
    }
    return result;
}

std::size_t count_between(const std::vector<std::uint64_t>& times, std::uint64_t begin,
                          std::uint64_t end) {
    return static_cast<std::size_t>(std::count_if(
        times.begin(), times.end(), [=](std::uint64_t t) { return begin <= t && t < end; }));
}

TEST(schedule, is_fixed_by_its_seed) {
    const std::vector<rate_step> steps{{second, 1000}};
    const auto first = arrivals_until(5 * second, schedule("poisson", steps, 7));
    EXPECT_EQ(first, arrivals_until(5 * second, schedule("poisson", steps, 7)));
    EXPECT_NE(first, arrivals_until(5 * second, schedule("poisson", steps, 8)));
    EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
}

TEST(schedule, constant_arrivals_are_evenly_spaced) {
    const auto times = arrivals_until(second, schedule("constant", {{second, 1000}}, 1));
    ASSERT_EQ(times.size(), 1000u);
    EXPECT_EQ(times.front(), 500'000u);
    for (std::size_t i = 1; i < times.size(); ++i) {
        EXPECT_NEAR(static_cast<double>(times[i] - times[i - 1]), 1e6, 2);
    }
}

TEST(schedule, poisson_gaps_are_exponential) {
    const auto times = arrivals_until(100 * second, schedule("poisson", {{second, 1000}}, 3));
    const auto count = static_cast<double>(times.size());
    // Five standard deviations of a Poisson count.
    EXPECT_NEAR(count, 1e5, 5 * std::sqrt(1e5));
    double squares = 0;
    double beyond = 0;
    for (std::size_t i = 1; i < times.size(); ++i) {
        const double gap = static_cast<double>(times[i] - times[i - 1]) / 1e6;
        squares += gap * gap;
        beyond += gap > 3 ? 1 : 0;
    }
    // Of an exponential with mean 1: E[x^2] = 2, P(x > 3) = e^-3.
    EXPECT_NEAR(squares / count, 2, 0.1);
    EXPECT_NEAR(beyond / count, std::exp(-3), 0.005);
}

TEST(schedule, follows_its_steps_over_and_over) {
    const std::vector<rate_step> steps{{second, 100}, {second / 10, 10'000}, {second, 0}};
    for (const auto* const kind : {"constant", "poisson"}) {
        const auto times = arrivals_until(42 * second / 10, schedule(kind, steps, 5));
        const double slack = kind == std::string("constant") ? 1 : 5 * std::sqrt(1000.0);
        for (const std::uint64_t begin : {std::uint64_t{0}, 21 * second / 10}) {
            EXPECT_NEAR(count_between(times, begin, begin + second), 100, slack);
            EXPECT_NEAR(count_between(times, begin + second, begin + 11 * second / 10), 1000,
                        slack);
            EXPECT_EQ(count_between(times, begin + 11 * second / 10 + 1, begin + 21 * second / 10),
                      0u);
        }
    }
}

}  // namespace
}  // namespace regatta::load::tests
