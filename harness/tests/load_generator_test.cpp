#include "harness/load/generator.hpp"

#include <poll.h>
#include <sys/ioctl.h>

#include <atomic>
#include <numeric>

#include <gtest/gtest.h>

#include "harness/load/failure.hpp"
#include "harness/tests/load_fake_server.hpp"
#include "workloads/frame.hpp"

namespace regatta::load::tests {
namespace {

using bytes = std::vector<std::byte>;

load_plan make_plan(const std::string& engine, std::uint16_t port, std::int64_t size = 64) {
    load_plan plan;
    plan.workload = "echo";
    plan.values.values[0] = size;
    plan.port = port;
    plan.connections = 4;
    plan.engine = engine;
    plan.warmup_ns = 10'000'000;
    plan.measure_ns = 40'000'000;
    plan.interval_ns = 10'000'000;
    plan.drain_ns = 60'000'000'000;
    return plan;
}

// The same, but all connections begin at once, and in time, however slow the machine is.
load_plan make_plan_without_warmup(const std::string& engine, std::uint16_t port,
                                   std::int64_t size = 64) {
    load_plan plan = make_plan(engine, port, size);
    plan.warmup_ns = 0;
    return plan;
}

load_result load(const load_plan& plan) {
    load_stages stages;
    auto result = run_load(plan, stages);
    EXPECT_TRUE(result.has_value());
    return *result;
}

void expect_consistent(const load_result& result, const load_plan& plan) {
    EXPECT_EQ(result.engine, plan.engine) << result.engine_note;
    EXPECT_EQ(result.client.connections, plan.connections);
    EXPECT_EQ(result.latency.count(), result.replies_measured);
    EXPECT_EQ(
        std::accumulate(result.intervals.begin(), result.intervals.end(), std::uint64_t{0},
                        [](std::uint64_t sum, const interval& each) { return sum + each.replies; }),
        result.replies_measured);
    EXPECT_LE(result.replies_measured, result.client.replies);
    EXPECT_LE(result.mean_in_flight, plan.connections * plan.depth);
    EXPECT_EQ(result.unanswered, result.client.timeouts);
}

// A server that echoes whole messages, and spoils those that `spoil` picks by their number.
std::function<void(int)> echo_messages(std::size_t size, std::atomic<std::uint64_t>& echoed,
                                       const std::function<bool(std::uint64_t)>& spoil = {}) {
    return [=, &echoed](int fd) {
        bytes message(size);
        while (read_all(fd, message)) {
            const std::uint64_t number = echoed++;
            if (spoil && spoil(number)) {
                message[size / 2] ^= std::byte{1};
            }
            if (!write_all(fd, message)) {
                return;
            }
        }
    };
}

class every_engine : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(load, every_engine, testing::Values("io_uring", "epoll"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(every_engine, counts_what_an_echo_server_counts) {
    for (const std::int64_t size : {1, 64, 5000, 1 << 20}) {
        for (const std::uint32_t depth : {1u, 16u}) {
            SCOPED_TRACE(testing::Message() << "size " << size << " depth " << depth);
            std::atomic<std::uint64_t> received{0};
            fake_server server([&](int fd) {
                bytes chunk(100'000);
                for (;;) {
                    const auto got = recv(fd, chunk.data(), chunk.size(), 0);
                    if (got <= 0) {
                        return;
                    }
                    received += static_cast<std::uint64_t>(got);
                    write_all(fd, std::span(chunk).first(static_cast<std::size_t>(got)));
                }
            });
            load_plan plan = make_plan_without_warmup(GetParam(), server.port(), size);
            plan.depth = depth;
            plan.measure_ns = 150'000'000;
            const load_result result = load(plan);
            server.finish();
            expect_consistent(result, plan);
            EXPECT_GE(result.client.replies, plan.connections * depth);
            EXPECT_EQ(result.client.requests, result.client.replies);
            EXPECT_EQ(result.client.bytes_sent, result.client.requests * size);
            EXPECT_EQ(result.client.bytes_received, result.client.bytes_sent);
            EXPECT_EQ(received, result.client.bytes_sent);
            EXPECT_EQ(result.client.wrong_replies, 0u);
            EXPECT_EQ(result.client.resets + result.client.closed + result.client.timeouts, 0u);
        }
    }
}

TEST_P(every_engine, counts_every_wrong_reply) {
    for (const std::uint32_t depth : {1u, 16u}) {
        std::atomic<std::uint64_t> echoed{0};
        std::atomic<std::uint64_t> spoiled{0};
        fake_server server(echo_messages(64, echoed, [&](std::uint64_t number) {
            return number % 7 == 3 && (++spoiled, true);
        }));
        load_plan plan = make_plan_without_warmup(GetParam(), server.port());
        plan.depth = depth;
        const load_result result = load(plan);
        server.finish();
        expect_consistent(result, plan);
        EXPECT_EQ(result.client.replies, echoed);
        EXPECT_GT(spoiled, 0u);
        EXPECT_EQ(result.client.wrong_replies, spoiled);
    }
}

TEST_P(every_engine, ends_early_when_the_server_closes_every_connection) {
    fake_server server([](int fd) {
        bytes message(64);
        for (int i = 0; i < 10 && read_all(fd, message); ++i) {
            write_all(fd, message);
        }
        shutdown(fd, SHUT_WR);
        read_to_end(fd);
    });
    load_plan plan = make_plan(GetParam(), server.port());
    plan.measure_ns = 3'600'000'000'000;
    plan.interval_ns = plan.measure_ns;
    const load_result result = load(plan);
    expect_consistent(result, plan);
    EXPECT_EQ(result.client.closed, 4u);
    EXPECT_EQ(result.client.resets, 0u);
    EXPECT_EQ(result.client.replies, 40u);
    EXPECT_EQ(result.unanswered, 0u);
    EXPECT_LT(result.measured_ns, plan.measure_ns);
}

TEST_P(every_engine, counts_connections_that_are_reset) {
    fake_server server([](int fd) {
        bytes message(64);
        for (int i = 0; i < 10 && read_all(fd, message); ++i) {
            write_all(fd, message);
        }
        read_all(fd, message);
        reset_on_close(fd);
    });
    load_plan plan = make_plan(GetParam(), server.port());
    plan.measure_ns = 3'600'000'000'000;
    plan.interval_ns = plan.measure_ns;
    const load_result result = load(plan);
    expect_consistent(result, plan);
    EXPECT_EQ(result.client.resets, 4u);
    EXPECT_EQ(result.client.closed, 0u);
    EXPECT_EQ(result.client.replies, 40u);
    EXPECT_EQ(result.client.requests, 44u);
}

TEST_P(every_engine, goes_on_with_the_connections_that_are_left) {
    std::atomic<int> accepted{0};
    std::atomic<std::uint64_t> echoed{0};
    const auto echo = echo_messages(64, echoed);
    fake_server server([&](int fd) {
        if (accepted++ != 0) {
            echo(fd);
            return;
        }
        bytes message(64);
        read_all(fd, message);
        reset_on_close(fd);
    });
    const load_plan plan = make_plan_without_warmup(GetParam(), server.port());
    const load_result result = load(plan);
    server.finish();
    expect_consistent(result, plan);
    EXPECT_EQ(result.client.resets, 1u);
    EXPECT_EQ(result.client.replies, echoed);
    EXPECT_EQ(result.client.requests, echoed + 1);
    EXPECT_GE(result.measured_ns, plan.measure_ns);
}

TEST_P(every_engine, counts_unanswered_requests_as_timeouts) {
    for (const std::uint32_t depth : {1u, 16u}) {
        fake_server server(read_to_end);
        load_plan plan = make_plan(GetParam(), server.port());
        plan.depth = depth;
        plan.warmup_ns = 400'000'000;  // all are in flight well before the window
        plan.drain_ns = 20'000'000;
        const load_result result = load(plan);
        expect_consistent(result, plan);
        EXPECT_EQ(result.unanswered, 4 * depth);
        EXPECT_EQ(result.client.requests, 4 * depth);
        EXPECT_EQ(result.client.replies, 0u);
        EXPECT_EQ(result.client.resets + result.client.closed, 0u);
        EXPECT_NEAR(result.mean_in_flight, 4 * depth, 0.001);
    }
}

TEST_P(every_engine, gives_up_on_a_server_that_does_not_read) {
    fake_server server([](int fd) {
        pollfd hang_up{fd, POLLRDHUP, 0};
        poll(&hang_up, 1, -1);
    });
    load_plan plan = make_plan_without_warmup(GetParam(), server.port(), 1 << 20);
    plan.depth = 16;
    plan.measure_ns = 3'000'000'000;  // making 64 MiB of requests takes a busy machine a while
    plan.drain_ns = 20'000'000;
    const load_result result = load(plan);
    expect_consistent(result, plan);
    EXPECT_EQ(result.unanswered, 64u);
    EXPECT_EQ(result.client.requests, 64u);
    EXPECT_EQ(result.client.replies, 0u);
    EXPECT_LT(result.client.bytes_sent, 64u << 20);
}

TEST_P(every_engine, puts_replies_together_that_come_in_pieces) {
    for (const std::size_t piece : {1u, 5u, 100u}) {
        std::atomic<std::uint64_t> answered{0};
        fake_server server([&](int fd) {
            // All requests that wait are answered in one stream, so pieces and replies do not fit.
            bytes requests(12);
            while (read_all(fd, requests)) {
                int more = 0;
                ioctl(fd, FIONREAD, &more);
                requests.resize(12 + static_cast<std::size_t>(more) / 12 * 12);
                read_all(fd, std::span(requests).subspan(12));
                for (std::size_t at = 0; at < requests.size(); at += 12) {
                    const std::uint64_t nonce = frame::load_u64(requests.data() + at + 4);
                    frame::store_u64(requests.data() + at + 4, ~nonce);
                    ++answered;
                }
                write_all(fd, requests, piece);
                requests.resize(12);
            }
        });
        load_plan plan = make_plan(GetParam(), server.port());
        plan.workload = "delay";
        plan.values.values[0] = 1;
        plan.depth = 16;
        const load_result result = load(plan);
        server.finish();
        expect_consistent(result, plan);
        EXPECT_EQ(result.client.replies, answered);
        EXPECT_GT(result.client.replies, 0u);
        EXPECT_EQ(result.client.wrong_replies, 0u);
    }
}

TEST_P(every_engine, refuses_replies_that_nobody_asked_for) {
    fake_server server([](int fd) {
        bytes message(64);
        while (read_all(fd, message)) {
            bytes twice = message;
            twice.insert(twice.end(), message.begin(), message.end());
            write_all(fd, twice);
        }
    });
    const load_result result = load(make_plan_without_warmup(GetParam(), server.port()));
    EXPECT_GE(result.client.wrong_replies, 4u);
}

TEST_P(every_engine, gives_up_a_reply_without_an_end) {
    fake_server server([](int fd) {
        // A frame that announces almost 4 GiB.
        const bytes endless(1 << 20, std::byte{0xff});
        while (write_all(fd, endless)) {
        }
    });
    load_plan plan = make_plan(GetParam(), server.port());
    plan.workload = "delay";
    plan.values.values[0] = 1;
    plan.connections = 1;
    plan.measure_ns = 3'600'000'000'000;
    plan.interval_ns = plan.measure_ns;
    const load_result result = load(plan);
    EXPECT_EQ(result.client.wrong_replies, 1u);
    EXPECT_EQ(result.client.replies, 0u);
}

TEST_P(every_engine, loads_many_connections) {
    std::atomic<std::uint64_t> echoed{0};
    fake_server server(echo_messages(64, echoed));
    load_plan plan = make_plan_without_warmup(GetParam(), server.port());
    plan.connections = 600;
    const load_result result = load(plan);
    server.finish();
    expect_consistent(result, plan);
    EXPECT_GE(result.client.replies, plan.connections);
    EXPECT_EQ(result.client.replies, echoed);
    EXPECT_EQ(result.client.requests, echoed);
}

TEST_P(every_engine, reads_the_server_s_cpu_clock) {
    std::atomic<std::uint64_t> echoed{0};
    fake_server server(echo_messages(64, echoed));
    load_plan plan = make_plan(GetParam(), server.port());
    plan.server_pid = getpid();
    EXPECT_TRUE(load(plan).server_cpu_ns.has_value());
    // Above the largest number that Linux gives to a process (2^22).
    plan.server_pid = (1 << 22) + 1;
    EXPECT_FALSE(load(plan).server_cpu_ns.has_value());
    plan.server_pid.reset();
    EXPECT_FALSE(load(plan).server_cpu_ns.has_value());
}

TEST_P(every_engine, tells_of_its_stages_in_order_and_gives_up_when_told_to) {
    struct witness : load_stages {
        std::string seen;
        bool go_on = true;
        bool connected(std::uint32_t connections) override {
            seen += "connected " + std::to_string(connections);
            return go_on;
        }
        void measuring() override { seen += ", measuring"; }
        bool measured() override {
            seen += ", measured";
            return true;
        }
    };
    std::atomic<std::uint64_t> echoed{0};
    fake_server server(echo_messages(64, echoed));
    witness stages;
    EXPECT_TRUE(run_load(make_plan(GetParam(), server.port()), stages).has_value());
    EXPECT_EQ(stages.seen, "connected 4, measuring, measured");

    witness impatient;
    impatient.go_on = false;
    echoed = 0;
    EXPECT_FALSE(run_load(make_plan(GetParam(), server.port()), impatient).has_value());
    EXPECT_EQ(impatient.seen, "connected 4");
    EXPECT_EQ(echoed, 0u);
}

}  // namespace
}  // namespace regatta::load::tests
