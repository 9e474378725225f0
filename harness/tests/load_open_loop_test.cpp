#include <atomic>
#include <chrono>

#include <gtest/gtest.h>

#include "harness/load/generator.hpp"
#include "harness/tests/load_fake_server.hpp"
#include "harness/tests/load_time.hpp"

namespace regatta::load::tests {
namespace {

load_plan open_plan(const std::string& engine, std::uint16_t port, double rate_per_s) {
    load_plan plan;
    plan.workload = "echo";
    plan.values.values[0] = 64;
    plan.port = port;
    plan.connections = 4;
    plan.engine = engine;
    plan.mode = "open";
    plan.steps = {{3600 * second, rate_per_s}};
    plan.warmup_ns = 20'000'000;
    plan.measure_ns = 500'000'000;
    plan.drain_ns = 60 * second;
    plan.seed = 1;
    return plan;
}

load_result load_openly(const load_plan& plan) {
    load_stages stages;
    auto result = run_load(plan, stages);
    EXPECT_TRUE(result.has_value() && result->arrivals.has_value());
    return *result;
}

std::uint64_t times_above(const histogram& values, std::uint64_t bound) {
    std::uint64_t count = 0;
    for (const auto& [index, times] : values.sparse()) {
        count += histogram::lowest_of(index) > bound ? times : 0;
    }
    return count;
}

class open_loop_on : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(load, open_loop_on, testing::Values("io_uring", "epoll"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(open_loop_on, sends_at_the_scheduled_rate_and_accounts_for_every_arrival) {
    for (const auto* const kind : {"poisson", "constant"}) {
        fake_server server(echo);
        load_plan plan = open_plan(GetParam(), server.port(), 4000);
        plan.arrivals = kind;
        const load_result result = load_openly(plan);
        const arrival_figures& arrivals = *result.arrivals;
        const double expected = 4000 * static_cast<double>(result.measured_ns) / 1e9;
        EXPECT_NEAR(static_cast<double>(arrivals.count), expected, 0.1 * expected);
        EXPECT_EQ(result.latency.count(), arrivals.count);
        EXPECT_EQ(arrivals.service.count(), arrivals.count);
        EXPECT_EQ(arrivals.lag.count(), arrivals.count);
        EXPECT_EQ(arrivals.own_lag.count(), arrivals.count);
        EXPECT_EQ(arrivals.censored + arrivals.never_sent, 0u);
        EXPECT_EQ(result.client.requests, result.client.replies);
        EXPECT_EQ(result.client.wrong_replies, 0u);
        // Response time is lag + service time, for each request and so for the sums.
        EXPECT_NEAR(result.latency.sum(), arrivals.lag.sum() + arrivals.service.sum(), 1);
        EXPECT_LE(arrivals.own_lag.sum(), arrivals.lag.sum());
        EXPECT_EQ(arrivals.on_time.count(), arrivals.count);
        EXPECT_NEAR(arrivals.on_time.sum(), result.latency.sum() - arrivals.own_lag.sum(), 1);
    }
}

TEST_P(open_loop_on, counts_the_requests_that_a_frozen_server_would_have_hidden) {
    std::atomic<int> served{0};
    std::mutex frozen;
    fake_server server([&](int fd) {
        std::byte message[64];
        while (read_all(fd, message)) {
            {
                const std::lock_guard lock(frozen);
                if (served++ == 200) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(300));
                }
            }
            write_all(fd, message);
        }
    });
    const load_result result = load_openly(open_plan(GetParam(), server.port(), 1000));
    const arrival_figures& arrivals = *result.arrivals;
    EXPECT_EQ(result.latency.count(), arrivals.count);
    // 1000/s over a freeze of 300 ms: those due in its first 200 ms respond after 100 ms or more.
    EXPECT_GE(times_above(result.latency, 100'000'000), 150u);
    EXPECT_GE(result.latency.max(), 290'000'000u);
    // Four connections can have sent four of them; the others waited in the queues.
    EXPECT_GE(arrivals.queued_max, 150u);
    EXPECT_GE(times_above(arrivals.lag, 100'000'000), 140u);
}

TEST_P(open_loop_on, keeps_unanswered_requests_in_the_denominator) {
    fake_server server(read_to_end);
    load_plan plan = open_plan(GetParam(), server.port(), 1000);
    plan.measure_ns = 100'000'000;
    plan.drain_ns = 30'000'000;
    const load_result result = load_openly(plan);
    const arrival_figures& arrivals = *result.arrivals;
    EXPECT_GT(arrivals.count, 0u);
    EXPECT_EQ(arrivals.censored, arrivals.count);
    EXPECT_GE(arrivals.censored_ns_min, 30'000'000u);
    EXPECT_TRUE(result.latency.empty());
    EXPECT_EQ(result.client.requests, 4u);
    EXPECT_EQ(result.unanswered, arrivals.never_sent + 4);
    EXPECT_EQ(result.client.timeouts, result.unanswered);
}

TEST_P(open_loop_on, keeps_requests_of_lost_connections_in_the_denominator) {
    std::atomic<int> accepted{0};
    std::atomic<bool> is_over{false};
    fake_server server([&](int fd) {
        if (accepted++ != 0) {
            echo(fd);
            return;
        }
        std::byte message[64];
        for (int i = 0; i < 40; ++i) {
            read_all(fd, message);
            write_all(fd, message);
        }
        read_all(fd, message);
        reset_on_close(fd);
        is_over = true;
    });
    const load_result result = load_openly(open_plan(GetParam(), server.port(), 1000));
    const arrival_figures& arrivals = *result.arrivals;
    EXPECT_TRUE(is_over);
    EXPECT_EQ(result.client.resets, 1u);
    EXPECT_GE(arrivals.censored, 1u);
    EXPECT_EQ(result.latency.count() + arrivals.censored, arrivals.count);
    EXPECT_EQ(result.client.requests, result.client.replies + 1);
}

TEST_P(open_loop_on, pipelines_up_to_its_depth) {
    fake_server server(read_to_end);
    load_plan plan = open_plan(GetParam(), server.port(), 1000);
    plan.depth = 8;
    plan.drain_ns = 1'000'000;
    plan.spin_ns = 100'000;
    const load_result result = load_openly(plan);
    EXPECT_EQ(result.client.requests, 32u);
    EXPECT_LE(result.mean_in_flight, 32.0);
}

}  // namespace
}  // namespace regatta::load::tests
