#include "harness/measure/resident_series.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace regatta {
namespace {

using namespace std::chrono_literals;

TEST(resident_series, samples_until_it_is_stopped) {
    // The thread that samples begins when a CPU is free: perhaps not within the first time.
    nlohmann::json samples;
    for (auto patience = 20ms; samples.size() < 2 && patience < 60s; patience *= 2) {
        resident_series series(::getpid(), 1ms);
        std::this_thread::sleep_for(patience);
        samples = series.stop();
        EXPECT_EQ(series.stop().size(), samples.size());
    }
    ASSERT_GE(samples.size(), 2u);
    std::int64_t before = -1;
    for (const auto& each : samples) {
        EXPECT_GT(each.at("rss_bytes").get<std::uint64_t>(), 100'000u);
        EXPECT_GT(each.at("start_ns").get<std::int64_t>(), before);
        before = each.at("start_ns").get<std::int64_t>();
    }
}

TEST(resident_series, stops_at_once_and_survives_a_process_that_is_gone) {
    resident_series patient(::getpid(), 1h);
    std::this_thread::sleep_for(5ms);
    EXPECT_LE(patient.stop().size(), 1u);
    resident_series gone(0x3ffffff, 1ms);
    std::this_thread::sleep_for(5ms);
    EXPECT_TRUE(gone.stop().empty());
}

}  // namespace
}  // namespace regatta
