#include "harness/measure/slo.hpp"

#include <gtest/gtest.h>

#include "harness/measure/histogram_json.hpp"

namespace regatta {
namespace {

TEST(slo, is_a_percentile_and_a_bound) {
    const auto read = parse_service_objective("p99.9=1.5ms");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->percentile, "p99.9");
    EXPECT_DOUBLE_EQ(read->fraction, 0.999);
    EXPECT_EQ(read->bound_ns, 1'500'000u);
    EXPECT_NEAR(read->samples_min(), 100'000, 1e-3);
    EXPECT_EQ(parse_service_objective("p50=2s")->bound_ns, 2'000'000'000u);
    EXPECT_EQ(parse_service_objective("p99=250us")->bound_ns, 250'000u);
    EXPECT_EQ(parse_service_objective("p99=999ns")->bound_ns, 999u);
}

TEST(slo, anything_else_is_refused) {
    for (const char* text :
         {"", "p99", "p99=", "p99=1", "p99=ms", "p99=0ms", "p99=-1ms", "p0=1ms", "p100=1ms",
          "p99.9999=1ms", "99=1ms", "p99x=1ms", "p99=1 ms", "p99=1msx", "p=1ms", "p99=0.1ns",
          "p99=9999s", "pnan=1ms", "p99=infs"}) {
        EXPECT_FALSE(parse_service_objective(text)) << text;
    }
}

TEST(slo, reads_the_percentile_of_a_record_with_its_unanswered_requests) {
    histogram latency;
    latency.record(50, 990);
    nlohmann::json trial{{"latency", to_json(latency)},
                         {"open_loop", {{"censored", 0}, {"censored_ns_min", nullptr}}}};
    const auto median = *parse_service_objective("p50=1ms");
    EXPECT_EQ(percentile_of_trial(median, trial).ns, 50u);
    EXPECT_FALSE(percentile_of_trial(*parse_service_objective("p99=1ms"), trial).ns);
    trial["open_loop"] = {{"censored", 1000}, {"censored_ns_min", 777}};
    EXPECT_EQ(percentile_of_trial(median, trial).above_ns, 777u);
}

}  // namespace
}  // namespace regatta
