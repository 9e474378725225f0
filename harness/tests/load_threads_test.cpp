// A load on several threads is the load on one.
#include <atomic>
#include <set>

#include <gtest/gtest.h>

#include "harness/load/generator.hpp"
#include "harness/load/open_loop.hpp"
#include "harness/tests/load_fake_server.hpp"
#include "harness/tests/load_time.hpp"

namespace regatta::load::tests {
namespace {

// An engine whose sends are done at once, and are written down.
class noting_engine final : public engine {
public:
    std::string_view name() const override { return "noting"; }
    void send(connection_id id, bytes_view payload) override {
        sends.emplace_back(id, payload.size());
    }
    void send_anew(connection_id id, bytes_view payload) override { send(id, payload); }
    void close(connection_id) override {}
    void wait(engine_events& events, std::uint64_t) override {
        for (const auto& [id, payload] : std::exchange(sends, {})) {
            events.sending(id, 0);
            events.sent(id, payload);
        }
    }
    std::vector<std::pair<connection_id, std::size_t>> sends;
};

using arrival = std::pair<std::uint64_t, std::uint32_t>;  // when, and on which connection

// What one thread's open loop would send until `end_ns`.
std::vector<arrival> arrivals_of(const connection_share& share, const std::string& kind,
                                 std::uint64_t end_ns) {
    params values;
    values.values[0] = 1;
    const auto protocol = make_client_protocol("echo", values);
    interval_series series(end_ns, end_ns);
    recorder records(series, true);
    records.set_window(end_ns);
    noting_engine moves;
    reconnector sockets("127.0.0.1", 1, share);
    open_loop drives(*protocol, moves, records, sockets, share, 1000,
                     schedule(kind, {{second, 500}, {second, 2000}}, 42));
    drives.begin(1);
    std::vector<arrival> found;
    for (std::uint64_t due = drives.next_due_ns(); due < end_ns; due = drives.next_due_ns()) {
        drives.tick(due);
        for (const auto& [id, payload] : moves.sends) {
            found.emplace_back(due, share.global(id));
        }
        moves.wait(drives, 0);
    }
    return found;
}

TEST(load_threads, make_the_schedule_of_one_thread_together) {
    constexpr std::uint32_t connections = 10;
    for (const auto* const kind : {"poisson", "constant"}) {
        const auto whole = arrivals_of({connections}, kind, 2 * second);
        EXPECT_GT(whole.size(), 2000u);
        for (const unsigned threads : {2u, 3u, 7u, 10u}) {
            std::multiset<arrival> together;
            for (unsigned thread = 0; thread < threads; ++thread) {
                const auto part = arrivals_of({connections, threads, thread}, kind, 2 * second);
                EXPECT_LT(part.size(), whole.size());
                together.insert(part.begin(), part.end());
            }
            EXPECT_EQ(together, std::multiset<arrival>(whole.begin(), whole.end()))
                << kind << " on " << threads << " threads";
        }
    }
}

TEST(load_ranks, make_the_schedule_of_one_process_together) {
    constexpr std::uint32_t connections = 11;
    for (const auto* const kind : {"poisson", "constant"}) {
        const auto whole = arrivals_of({connections}, kind, second);
        for (const unsigned ranks : {2u, 3u, 11u}) {
            std::multiset<arrival> together;
            for (unsigned rank = 0; rank < ranks; ++rank) {
                const connection_share own{connections, ranks, rank};
                const unsigned threads = std::min(3u, own.size());
                for (unsigned thread = 0; thread < threads; ++thread) {
                    const auto part = arrivals_of(own.of_thread(thread, threads), kind, second);
                    together.insert(part.begin(), part.end());
                }
            }
            EXPECT_EQ(together, std::multiset<arrival>(whole.begin(), whole.end()))
                << kind << " on " << ranks << " ranks";
        }
    }
}

TEST(load_threads, share_the_connections_out) {
    for (const std::uint32_t connections : {1u, 5u, 12u}) {
        for (unsigned threads = 1; threads <= connections; ++threads) {
            std::set<std::uint32_t> all;
            for (unsigned thread = 0; thread < threads; ++thread) {
                const connection_share share{connections, threads, thread};
                for (connection_id id = 0; id < share.size(); ++id) {
                    EXPECT_TRUE(share.has(share.global(id)));
                    EXPECT_EQ(share.local(share.global(id)), id);
                    all.insert(share.global(id));
                }
            }
            EXPECT_EQ(all.size(), connections);
            EXPECT_LT(*all.rbegin(), connections);
        }
    }
}

load_plan threaded_plan(const std::string& engine, std::uint16_t port, unsigned threads) {
    load_plan plan;
    plan.workload = "echo";
    plan.values.values[0] = 64;
    plan.port = port;
    plan.connections = 5;
    plan.engine = engine;
    plan.threads = threads;
    plan.warmup_ns = 10'000'000;
    plan.measure_ns = 100'000'000;
    plan.interval_ns = 10'000'000;
    plan.drain_ns = 60 * second;
    return plan;
}

load_result load_on_threads(const load_plan& plan) {
    load_stages stages;
    auto result = run_load(plan, stages);
    EXPECT_TRUE(result.has_value());
    return std::move(result).value_or(load_result{});
}

class threads_on : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(load, threads_on, testing::Values("io_uring", "epoll"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(threads_on, count_what_the_server_counts) {
    for (const unsigned threads : {2u, 5u, 64u}) {
        std::atomic<std::uint64_t> echoed{0};
        fake_server server([&](int fd) {
            std::byte message[64];
            while (read_all(fd, message)) {
                ++echoed;
                write_all(fd, message);
            }
        });
        const load_plan plan = threaded_plan(GetParam(), server.port(), threads);
        const load_result result = load_on_threads(plan);
        server.finish();
        EXPECT_EQ(result.threads, std::min(threads, plan.connections));
        EXPECT_EQ(result.engine, GetParam());
        EXPECT_EQ(result.measured_ns, plan.measure_ns);
        EXPECT_EQ(result.client.connections, plan.connections);
        EXPECT_EQ(result.client.replies, echoed);
        EXPECT_EQ(result.client.requests, echoed);
        EXPECT_EQ(result.client.wrong_replies, 0u);
        EXPECT_EQ(result.latency.count(), result.replies_measured);
        EXPECT_EQ(result.intervals.size(), 10u);
        std::uint64_t replies = 0;
        for (const interval& each : result.intervals) {
            replies += each.replies;
        }
        EXPECT_EQ(replies, result.replies_measured);
        // Little's law, which holds exactly: in the books of one thread and so in their sum.
        const double implied = result.latency.sum() / static_cast<double>(result.measured_ns);
        EXPECT_NEAR(implied, result.mean_in_flight + result.cut_in_flight, 1e-6 * implied + 1e-9);
    }
}

TEST_P(threads_on, make_the_same_arrivals_as_one) {
    std::optional<std::uint64_t> expected;
    for (const unsigned threads : {1u, 2u, 3u}) {
        fake_server server([&](int fd) {
            std::byte message[64];
            while (read_all(fd, message) && write_all(fd, message)) {
            }
        });
        load_plan plan = threaded_plan(GetParam(), server.port(), threads);
        plan.mode = "open";
        plan.steps = {{3600 * second, 3000}};
        plan.seed = 5;
        const load_result result = load_on_threads(plan);
        ASSERT_TRUE(result.arrivals.has_value());
        const std::uint64_t count = result.arrivals->count;
        EXPECT_EQ(count, expected.value_or(count));
        expected = count;
        EXPECT_EQ(result.latency.count(), count);
        EXPECT_GT(count, 0u);
    }
}

TEST_P(threads_on, go_on_when_one_has_lost_its_connections) {
    std::atomic<int> accepted{0};
    fake_server server([&](int fd) {
        const bool is_first = accepted++ == 0;
        std::byte message[64];
        while (read_all(fd, message) && !is_first && write_all(fd, message)) {
        }
    });
    load_plan plan = threaded_plan(GetParam(), server.port(), 5);
    const load_result result = load_on_threads(plan);
    EXPECT_EQ(result.client.closed + result.client.resets, 1u);
    EXPECT_EQ(result.measured_ns, plan.measure_ns);
    EXPECT_GT(result.replies_measured, 0u);
}

TEST_P(threads_on, end_early_when_every_connection_is_lost) {
    fake_server server([](int fd) {
        std::byte message[64];
        read_all(fd, message);
        shutdown(fd, SHUT_WR);
        read_to_end(fd);
    });
    load_plan plan = threaded_plan(GetParam(), server.port(), 3);
    plan.measure_ns = 3600 * second;
    plan.interval_ns = plan.measure_ns;
    const load_result result = load_on_threads(plan);
    EXPECT_EQ(result.client.closed, plan.connections);
    EXPECT_LT(result.measured_ns, plan.measure_ns);
}

TEST(load_threads, are_all_given_up_by_a_stage) {
    fake_server server(read_to_end);
    struct : load_stages {
        bool connected(std::uint32_t) override { return false; }
    } impatient;
    EXPECT_FALSE(run_load(threaded_plan("io_uring", server.port(), 3), impatient).has_value());
}

TEST(slow_generator, makes_no_more_requests_than_its_slowness_allows) {
    fake_server server([](int fd) {
        std::byte message[64];
        while (read_all(fd, message) && write_all(fd, message)) {
        }
    });
    load_plan plan = threaded_plan("io_uring", server.port(), 1);
    plan.slow_ns_per_request = 5'000'000;
    const load_result result = load_on_threads(plan);
    EXPECT_GT(result.client.requests, 0u);
    EXPECT_LE(result.replies_measured,
              plan.measure_ns / plan.slow_ns_per_request + plan.connections);
}

}  // namespace
}  // namespace regatta::load::tests
