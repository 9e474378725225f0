#include "harness/measure/cache_distance.hpp"

#include <gtest/gtest.h>

#include "harness/plan/placement.hpp"

namespace regatta {
namespace {

TEST(cache_distance, of_two_cpus_is_a_time) {
    const auto cpus = usable_cpus();
    if (cpus.size() < 2) {
        GTEST_SKIP() << "one CPU";
    }
    // Nothing when the machine never ran both threads at once.
    if (const auto line_ns = cache_line_ns(cpus.front(), cpus.back())) {
        EXPECT_GT(*line_ns, 1);
    }
    EXPECT_EQ(usable_cpus(), cpus);
}

TEST(cache_distance, of_one_cpu_or_none_is_nothing) {
    EXPECT_FALSE(cache_line_ns(0, 0));
    EXPECT_FALSE(cache_line_ns(usable_cpus().front(), 1023));
}

TEST(cache_distance, has_two_states) {
    EXPECT_EQ(cache_state(52), "near");
    EXPECT_EQ(cache_state(130), "near");
    EXPECT_EQ(cache_state(131), "far");
    EXPECT_EQ(cache_state(344), "far");
}

}  // namespace
}  // namespace regatta
