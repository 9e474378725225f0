// The sum of several ranks' results is what one would have seen.
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/distributed/merge.hpp"
#include "harness/load/result_reader.hpp"

namespace regatta::distributed::tests {
namespace {

using load::load_result;

// A result with two intervals, of latencies that `random` gives.
load_result some_result(std::mt19937_64& random, std::uint64_t replies) {
    load_result result;
    result.engine = "io_uring";
    result.threads = 2;
    result.measured_ns = 1'000'000'000;
    result.warmup_ns = 5;
    result.replies_measured = replies;
    result.cpu_ns = 1'000 + replies;
    result.mean_in_flight = static_cast<double>(replies);
    result.cut_in_flight = 0.5;
    result.unanswered = 1;
    result.client = {3, replies + 1, replies, 64 * replies, 64 * replies, 1, 2, 3, 4};
    result.arrivals.emplace();
    result.apart.emplace();
    for (const std::uint64_t start : {0u, 500'000'000u}) {
        histogram latency;
        for (std::uint64_t i = 0; i < replies / 2; ++i) {
            const std::uint64_t value = 1'000 + random() % 10'000'000;
            latency.record(value);
            result.arrivals->service.record(value / 2);
            result.arrivals->lag.record(value / 3);
            result.arrivals->own_lag.record(value / 4);
            result.arrivals->on_time.record(value - value / 4);
            result.apart->others.record(value / 5);
        }
        result.latency.merge(latency);
        result.intervals.push_back(load::make_interval(start, latency));
        result.intervals.back().latency = latency;
    }
    result.arrivals->count = replies + 1;
    result.arrivals->censored = 1;
    result.arrivals->censored_ns_min = replies;
    result.arrivals->never_sent = 7;
    result.arrivals->queued_max = 2;
    result.apart->count = 9;
    return result;
}

histogram sum_of(const histogram& one, const histogram& other) {
    histogram sum = one;
    sum.merge(other);
    return sum;
}

TEST(merged_result, adds_exactly_what_ranks_counted) {
    std::mt19937_64 random(3);
    const load_result one = some_result(random, 3'000);
    const load_result other = some_result(random, 500);
    const load_result sum = merge({one, other});
    EXPECT_EQ(sum.threads, 4u);
    EXPECT_EQ(sum.replies_measured, 3'500u);
    EXPECT_EQ(sum.cpu_ns, one.cpu_ns + other.cpu_ns);
    EXPECT_EQ(sum.unanswered, 2u);
    EXPECT_DOUBLE_EQ(sum.mean_in_flight, 3'500);
    EXPECT_EQ(sum.client.replies, 3'500u);
    EXPECT_EQ(sum.client.connections, 6u);
    EXPECT_EQ(sum.latency.sparse(), sum_of(one.latency, other.latency).sparse());
    EXPECT_EQ(sum.arrivals->count, 3'502u);
    EXPECT_EQ(sum.arrivals->censored_ns_min, 500u);
    EXPECT_EQ(sum.arrivals->own_lag.sparse(),
              sum_of(one.arrivals->own_lag, other.arrivals->own_lag).sparse());
    EXPECT_EQ(sum.arrivals->on_time.sparse(),
              sum_of(one.arrivals->on_time, other.arrivals->on_time).sparse());
    EXPECT_EQ(sum.apart->count, 18u);
}

TEST(merged_result, takes_an_intervals_percentile_from_all_its_replies) {
    std::mt19937_64 random(4);
    const load_result one = some_result(random, 3'000);
    load_result other = some_result(random, 800);
    const load_result sum = merge({one, other});
    ASSERT_EQ(sum.intervals.size(), 2u);
    const histogram both = sum_of(*one.intervals[1].latency, *other.intervals[1].latency);
    EXPECT_EQ(sum.intervals[1].latency_ns_p99, both.value_at(0.99));
    EXPECT_EQ(sum.intervals[1].replies, both.count());
    other.intervals.pop_back();  // this rank's window was cut short
    EXPECT_EQ(merge({one, other}).intervals.size(), 1u);
}

TEST(merged_result, of_one_rank_is_its_own) {
    std::mt19937_64 random(5);
    load_result one = some_result(random, 100);
    nlohmann::json expected = to_json(one);
    for (nlohmann::json& each : expected["intervals"]) {
        each.erase("latency");  // the sum needs none
    }
    EXPECT_EQ(to_json(merge({one})), expected);
}

TEST(merged_result, weighs_averages_with_the_length_of_the_window) {
    std::mt19937_64 random(6);
    load_result one = some_result(random, 100);
    load_result other = some_result(random, 100);
    other.measured_ns = 250'000'000;
    EXPECT_DOUBLE_EQ(merge({one, other}).mean_in_flight, 125);
    EXPECT_EQ(merge({one, other}).measured_ns, 1'000'000'000u);
}

TEST(load_result_reader, reads_what_was_written) {
    std::mt19937_64 random(7);
    const load_result written = some_result(random, 300);
    EXPECT_EQ(to_json(load::result_from_json(to_json(written))), to_json(written));
    load_result bare = written;
    bare.arrivals.reset();
    bare.apart.reset();
    EXPECT_EQ(to_json(load::result_from_json(to_json(bare))), to_json(bare));
    EXPECT_THROW(load::result_from_json(nlohmann::json::object()), nlohmann::json::exception);
}

}  // namespace
}  // namespace regatta::distributed::tests
