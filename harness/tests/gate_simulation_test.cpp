#include "harness/gate/simulation/noise.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/gate/rule.hpp"
#include "harness/gate/simulation/rivals.hpp"

/// What the rule promises, on simulated machines with fixed seeds: these tests depend on no clock.
namespace regatta::gate::simulation {
namespace {

constexpr std::size_t benchmarks = 20;
constexpr double tolerance = 0.05;

/// Of a run of 20 benchmarks that share the machine's time, how many have a verdict.
std::size_t count_in_run(const rule& levels, const noise_shape& shape, std::uint64_t seed,
                         double slowdown, verdict wanted) {
    std::size_t count = 0;
    for (std::size_t each = 0; each < benchmarks; ++each) {
        machine on(shape, seed * 1'000'003 + each);
        const auto differences =
            on.run_pairs(looks.back(), std::log1p(slowdown), static_cast<int>(benchmarks) - 1);
        count += assess(levels, differences, tolerance).found == wanted ? 1 : 0;
    }
    return count;
}

class gate_on_noise : public testing::TestWithParam<std::size_t> {};

std::size_t false_alarms(const noise_shape& shape, std::uint64_t runs) {
    const rule levels(benchmarks);
    std::size_t alarms = 0;
    for (std::uint64_t run = 0; run < runs; ++run) {
        alarms += count_in_run(levels, shape, run, 0, verdict::regressed) != 0 ? 1 : 0;
    }
    return alarms;
}

TEST_P(gate_on_noise, hardly_ever_cries_wolf) {
    EXPECT_LE(false_alarms(shapes(0.03)[GetParam()], 300), 3U);
}

// Where noise is as large as that, the tolerance prevents nothing: the sign-flip test alone must.
TEST(gate_on_much_noise, cries_wolf_in_one_run_of_a_hundred) {
    std::size_t alarms = 0;
    for (const noise_shape& shape : shapes(0.1)) {
        alarms += false_alarms(shape, 200);
    }
    // 1 % of 800, and two standard deviations of the count, which chance alone makes.
    EXPECT_LE(alarms, 8U + 6U);
}

TEST_P(gate_on_noise, finds_ten_per_cent_and_mostly_seven) {
    constexpr std::uint64_t runs = 50;
    const rule levels(benchmarks);
    for (const auto& [slowdown, share] : {std::pair{0.10, 0.98}, std::pair{0.07, 0.90}}) {
        std::size_t found = 0;
        for (std::uint64_t run = 0; run < runs; ++run) {
            found +=
                count_in_run(levels, shapes(0.03)[GetParam()], run, slowdown, verdict::regressed);
        }
        EXPECT_GE(static_cast<double>(found), share * static_cast<double>(runs * benchmarks))
            << slowdown;
    }
}

TEST_P(gate_on_noise, rarely_passes_what_is_slower_by_the_tolerance) {
    constexpr std::uint64_t runs = 50;
    const rule levels(benchmarks);
    std::size_t passed = 0;
    for (std::uint64_t run = 0; run < runs; ++run) {
        passed += count_in_run(levels, shapes(0.03)[GetParam()], run, tolerance, verdict::ok);
    }
    // The error that is allowed, and two standard deviations of the count.
    EXPECT_LE(static_cast<double>(passed),
              (ok_error + 0.014) * static_cast<double>(runs * benchmarks));
}

INSTANTIATE_TEST_SUITE_P(shapes, gate_on_noise, testing::Range(std::size_t{0}, std::size_t{4}),
                         [](const auto& tried) {
                             std::string name(shapes(0.1)[tried.param].name);
                             std::erase(name, '-');
                             return name;
                         });

TEST(gate_rivals, mann_whitney_by_hand) {
    // All of a below all of b: 2 of the 20 orders of 3 and 3 are as extreme.
    EXPECT_DOUBLE_EQ(mann_whitney_p(std::vector{1.0, 2.0, 3.0}, std::vector{4.0, 5.0, 6.0}), 0.1);
    EXPECT_DOUBLE_EQ(mann_whitney_p(std::vector{4.0, 5.0, 6.0}, std::vector{1.0, 2.0, 3.0}), 0.1);
    // U = 1: 4 of 20.
    EXPECT_DOUBLE_EQ(mann_whitney_p(std::vector{1.0, 2.0, 4.0}, std::vector{3.0, 5.0, 6.0}), 0.2);
    EXPECT_DOUBLE_EQ(mann_whitney_p(std::vector{1.0, 6.0}, std::vector{3.0, 4.0}), 1);
}

TEST(gate_rivals, cry_wolf_on_a_machine_that_drifts) {
    constexpr int runs = 1000;
    int compare_py = 0;
    int benchstat = 0;
    for (int run = 0; run < runs; ++run) {
        machine first(shapes(0.03)[1], static_cast<std::uint64_t>(run));
        compare_py += is_slower_by_compare_py(first, 0) ? 1 : 0;
        machine second(shapes(0.03)[1], static_cast<std::uint64_t>(run));
        benchstat += is_slower_by_benchstat(second, 0) ? 1 : 0;
    }
    // Twice the 2.5 % that their level allows on one side.
    EXPECT_GT(compare_py, 50);
    EXPECT_GT(benchstat, 50);
}

}  // namespace
}  // namespace regatta::gate::simulation
