#include "harness/load/recorder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/measure/histogram_json.hpp"

namespace regatta::load::tests {
namespace {

// A request of a closed loop.
request_times at(std::uint64_t sent_ns) {
    return {sent_ns, sent_ns, sent_ns};
}

load_result report(const recorder& records, interval_series& series) {
    load_result result;
    records.add_to(result);
    result.intervals = series.take();
    return result;
}

TEST(recorder, measures_only_in_the_window_and_counts_always) {
    interval_series series(1000, 1000);
    recorder records(series);
    records.set_window(100);
    records.sent(2, 10);
    records.replied(at(10), 50, true);
    records.replied(at(10), 160, true);
    records.sent(1, 200);
    records.replied(at(200), 230, false);
    records.sent(1, 900);
    records.replied(at(900), 1200, true);
    records.end_window(1250);

    const load_result result = report(records, series);
    EXPECT_EQ(result.measured_ns, 1000u);
    EXPECT_EQ(result.replies_measured, 2u);
    EXPECT_EQ(result.latency.min(), 30u);
    EXPECT_EQ(result.latency.max(), 150u);
    EXPECT_EQ(result.client.requests, 4u);
    EXPECT_EQ(result.client.replies, 4u);
    EXPECT_EQ(result.client.wrong_replies, 1u);
    // One request from 100 to 160, one from 200 to 230, one from 900 to the end at 1100.
    EXPECT_DOUBLE_EQ(result.mean_in_flight, (60 + 30 + 200) / 1000.0);
    EXPECT_EQ(records.in_flight(), 0u);
}

TEST(recorder, cuts_the_window_into_intervals_also_where_nothing_came) {
    interval_series series(350, 100);
    recorder records(series);
    records.set_window(1000);
    const auto request = [&](std::uint64_t when, int times) {
        for (int i = 0; i < times; ++i) {
            records.sent(1, when);
            records.replied({when, when, when}, when, true);
        }
    };
    request(1000, 99);
    request(1100, 100);
    request(1320, 1);
    request(1350, 1);  // behind the window
    records.end_window(1420);

    const auto intervals = report(records, series).intervals;
    ASSERT_EQ(intervals.size(), 4u);
    EXPECT_EQ(intervals[0].start_ns, 0u);
    EXPECT_EQ(intervals[0].replies, 99u);
    EXPECT_FALSE(intervals[0].latency_ns_p99.has_value());
    EXPECT_EQ(intervals[1].start_ns, 100u);
    EXPECT_EQ(intervals[1].replies, 100u);
    EXPECT_EQ(intervals[1].latency_ns_p99, 0u);
    EXPECT_EQ(intervals[2].start_ns, 200u);
    EXPECT_EQ(intervals[2].replies, 0u);
    EXPECT_EQ(intervals[3].start_ns, 300u);
    EXPECT_EQ(intervals[3].replies, 1u);
}

TEST(recorder, ends_the_window_where_it_is_cut_short) {
    interval_series series(1000, 100);
    recorder records(series);
    records.set_window(1000);
    records.sent(1, 1050);
    records.replied(at(1050), 1250, true);
    records.end_window(1300);
    const load_result result = report(records, series);
    EXPECT_EQ(result.measured_ns, 300u);
    EXPECT_EQ(result.replies_measured, 1u);
    EXPECT_DOUBLE_EQ(result.mean_in_flight, 200 / 300.0);

    interval_series unused(1000, 100);
    recorder early(unused);
    early.set_window(1000);
    early.sent(1, 10);
    early.replied(at(10), 20, true);
    early.end_window(500);
    EXPECT_EQ(report(early, unused).measured_ns, 0u);
    EXPECT_EQ(report(early, unused).replies_measured, 0u);
}

TEST(recorder, several_threads_give_what_one_gives) {
    // Of a power of two, so that averages are exact.
    constexpr std::uint64_t window = 8192;
    constexpr std::uint64_t slice = 1024;
    interval_series of_one(window, slice);
    interval_series of_three(window, slice, 3);
    recorder alone(of_one, true);
    std::vector<recorder> threads(3, recorder(of_three, true));
    alone.set_window(5000);
    for (recorder& each : threads) {
        each.set_window(5000);
    }
    // Every request is recorded twice: by the one, and by each of the threads in turn.
    for (std::uint64_t i = 0; i < 3000; ++i) {
        const request_times times{i * 10, i * 10 + 1, i * 10 + 3};
        for (recorder* each : {&alone, &threads[i % 3]}) {
            each->arrived(times.intended_ns);
            each->sent(1, times.sent_ns);
            each->replied(times, times.sent_ns + i % 6, i % 100 != 0);
        }
    }
    load_result together;
    for (recorder& each : threads) {
        each.end_window(40'000);
        each.add_to(together);
    }
    together.intervals = of_three.take();
    alone.end_window(40'000);
    const load_result single = report(alone, of_one);
    EXPECT_GT(single.replies_measured, 800u);
    EXPECT_EQ(single.intervals.size(), window / slice);
    EXPECT_EQ(to_json(together), to_json(single));
}

TEST(recorder, forgets_requests_whose_connection_is_gone) {
    interval_series series(100, 100);
    recorder records(series);
    records.set_window(0);
    records.sent(3, 0);
    records.abandoned(2, 0, 50);
    records.end_window(100);
    EXPECT_EQ(records.in_flight(), 1u);
    EXPECT_DOUBLE_EQ(report(records, series).mean_in_flight, (3 * 50 + 1 * 50) / 100.0);
}

TEST(load_result, is_written_with_every_field) {
    interval_series series(1000, 500);
    recorder records(series);
    records.set_window(0);
    records.sent(1, 10);
    records.replied(at(10), 20, true);
    records.end_window(1000);
    load_result result = report(records, series);
    result.engine = "epoll";
    const auto object = to_json(result);
    EXPECT_EQ(object.at("engine"), "epoll");
    EXPECT_TRUE(object.at("engine_note").is_null());
    EXPECT_TRUE(object.at("server_cpu_ns").is_null());
    EXPECT_EQ(object.at("replies_measured"), 1);
    EXPECT_EQ(object.at("latency_kind"), "service");
    EXPECT_EQ(histogram_from_json(object.at("latency")).max(), 10u);
    EXPECT_EQ(object.at("intervals").size(), 2u);
    EXPECT_EQ(object.at("intervals")[1].at("start_ns"), 500);
    EXPECT_TRUE(object.at("intervals")[1].at("latency_ns_p99").is_null());
    for (const auto kind : {"connect", "reset", "closed", "timeout", "wrong_reply"}) {
        EXPECT_EQ(object.at("client").at("errors").at(kind), 0);
    }
}

}  // namespace
}  // namespace regatta::load::tests
