// Loads that use connections in other ways than one reply to each request on an open connection.
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "harness/load/failure.hpp"
#include "harness/load/generator.hpp"
#include "harness/tests/load_fake_server.hpp"
#include "workloads/request_reply.hpp"

namespace regatta::load::tests {
namespace {

load_plan plan_for(const std::string& engine, const std::string& workload, std::int64_t value,
                   std::uint16_t port) {
    load_plan plan;
    plan.workload = workload;
    plan.values.values[0] = value;
    plan.port = port;
    plan.connections = 4;
    plan.engine = engine;
    plan.warmup_ns = 10'000'000;
    plan.measure_ns = 60'000'000;
    plan.interval_ns = 10'000'000;
    plan.drain_ns = 60'000'000'000;
    return plan;
}

load_result load_shaped(const load_plan& plan) {
    load_stages stages;
    auto result = run_load(plan, stages);
    EXPECT_TRUE(result.has_value());
    return *result;
}

/// Answers the next request by its nonce with all bits inverted; false at the end.
bool answer_one(int fd) {
    request_reply::message message;
    if (!read_all(fd, message)) {
        return false;
    }
    const std::uint64_t nonce = frame::load_u64(message.data() + frame::header_bytes);
    return write_all(fd, request_reply::make_message(~nonce));
}

void expect_no_errors(const load_result& result) {
    EXPECT_EQ(result.client.resets, 0u);
    EXPECT_EQ(result.client.closed, 0u);
    EXPECT_EQ(result.client.wrong_replies, 0u);
    EXPECT_EQ(result.client.timeouts, 0u);
    EXPECT_EQ(result.client.replies, result.client.requests);
    EXPECT_EQ(result.client.bytes_sent, result.client.requests * request_reply::frame_bytes);
    EXPECT_GT(result.replies_measured, 0u);
}

class every_engine_shape : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(load, every_engine_shape, testing::Values("io_uring", "epoll"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(every_engine_shape, connects_anew_where_the_server_closes_as_agreed) {
    for (const std::int64_t requests : {1, 3}) {
        for (const char* mode : {"closed", "open"}) {
            SCOPED_TRACE(testing::Message() << requests << " requests, " << mode);
            std::atomic<std::uint64_t> accepted{0};
            std::atomic<std::uint64_t> answered{0};
            fake_server server([&](int fd) {
                ++accepted;
                for (std::int64_t i = 0; i < requests && answer_one(fd); ++i) {
                    ++answered;
                }
                shutdown(fd, SHUT_RDWR);
            });
            load_plan plan = plan_for(GetParam(), "churn", requests, server.port());
            plan.mode = mode;
            plan.steps = {{1'000'000'000, 2'000}};
            plan.depth = 2;  // never more than the connection still takes
            const load_result result = load_shaped(plan);
            server.finish();
            expect_no_errors(result);
            EXPECT_EQ(result.client.replies, answered);
            EXPECT_EQ(result.client.connections, accepted);
            EXPECT_GT(result.client.connections, plan.connections);
        }
    }
}

TEST_P(every_engine_shape, counts_a_connection_that_ends_too_early_as_lost) {
    std::atomic<bool> is_first{true};
    fake_server server([&](int fd) {
        while ((!is_first.exchange(false)) && answer_one(fd)) {
        }
    });
    load_plan plan = plan_for(GetParam(), "churn", 1'000'000, server.port());
    plan.connections = 1;
    const load_result result = load_shaped(plan);
    EXPECT_EQ(result.client.closed + result.client.resets, 1u);
}

TEST_P(every_engine_shape, counts_a_connection_that_cannot_be_opened_anew) {
    fake_server server([&](int fd) {
        answer_one(fd);
        server.refuse();
        shutdown(fd, SHUT_RDWR);
    });
    load_plan plan = plan_for(GetParam(), "churn", 1, server.port());
    plan.connections = 1;
    const load_result result = load_shaped(plan);
    EXPECT_EQ(result.client.replies, 1u);
    EXPECT_EQ(result.client.unconnected, 1u);
    EXPECT_EQ(result.client.closed + result.client.resets, 0u);
}

/// Calls a function of the test when every connection is open.
class watched_stages : public load_stages {
public:
    explicit watched_stages(std::function<void()> on_connected)
        : on_connected_(std::move(on_connected)) {}
    bool connected(std::uint32_t) override {
        on_connected_();
        return true;
    }

private:
    std::function<void()> on_connected_;
};

TEST_P(every_engine_shape, asks_idle_connections_once_and_leaves_them_alone) {
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> asked_once{0};
    fake_server server([&](int fd) {
        // A server that takes its time: the backlog holds what it has not accepted.
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ++accepted;
        std::uint64_t requests = 0;
        while (answer_one(fd)) {
            ++requests;
        }
        asked_once += requests == 1 ? 1 : 0;
    });
    load_plan plan = plan_for(GetParam(), "idle", 200, server.port());
    plan.measure_ns = 200'000'000;
    std::uint64_t accepted_before_the_load = 0;
    watched_stages stages([&] { accepted_before_the_load = accepted; });
    const auto result = run_load(plan, stages);
    server.finish();
    ASSERT_TRUE(result.has_value());
    expect_no_errors(*result);
    EXPECT_EQ(result->client.connections, 204u);
    EXPECT_EQ(accepted, 204u);
    EXPECT_GE(accepted_before_the_load, 200u);
    EXPECT_EQ(asked_once, 200u);
}

TEST_P(every_engine_shape, does_not_load_a_server_that_leaves_an_idle_connection_unanswered) {
    fake_server server([&](int fd) {
        request_reply::message message;
        read_all(fd, message);
        read_all(fd, message);
    });
    load_plan plan = plan_for(GetParam(), "idle", 3, server.port());
    plan.connect_ns = 1'500'000'000;
    load_stages stages;
    try {
        run_load(plan, stages);
        FAIL() << "it loads";
    } catch (const failure& reason) {
        EXPECT_STREQ(reason.what(),
                     "the server has answered on 0 of 3 idle connections, and the time for "
                     "connecting is over");
    }
}

TEST_P(every_engine_shape, counts_an_idle_connection_that_is_closed_once) {
    std::atomic<int> accepted{0};
    fake_server server([&](int fd) {
        while (accepted.fetch_add(1) != 5 && answer_one(fd)) {
        }
    });
    const load_result result = load_shaped(plan_for(GetParam(), "idle", 20, server.port()));
    EXPECT_EQ(result.client.closed + result.client.resets, 1u);
}

TEST_P(every_engine_shape, broadcast_is_a_request_of_every_connection) {
    for (const std::uint32_t depth : {1u, 3u}) {
        std::mutex mutex;
        std::vector<int> members;
        std::atomic<std::uint64_t> senders{0};
        fake_server server([&](int fd) {
            request_reply::message message;
            for (int frames = 0; read_all(fd, message); ++frames) {
                senders += frames == 1 ? 1 : 0;
                const std::lock_guard lock(mutex);
                if (frames == 0) {
                    members.push_back(fd);
                    write_all(fd, message);
                    continue;
                }
                for (const int each : members) {
                    write_all(each, message);
                }
            }
        });
        load_plan plan = plan_for(GetParam(), "broadcast", 8, server.port());
        plan.depth = depth;
        plan.threads = 3;
        const load_result result = load_shaped(plan);
        server.finish();
        EXPECT_EQ(result.threads, 1u);
        EXPECT_EQ(senders, 1u);
        EXPECT_EQ(result.client.connections, 4u);
        EXPECT_EQ(result.client.wrong_replies, 0u);
        EXPECT_EQ(result.client.replies, result.client.requests);
        EXPECT_EQ(result.client.replies % 4, 0u);
        const std::uint64_t rounds = result.client.replies / 4;
        EXPECT_EQ(result.client.bytes_sent, (rounds + 3) * request_reply::frame_bytes);
        EXPECT_EQ(result.client.bytes_received, rounds * 4 * request_reply::frame_bytes);
        EXPECT_GT(result.replies_measured, 0u);
    }
}

TEST_P(every_engine_shape, sets_apart_what_the_workload_refuses) {
    std::atomic<std::uint64_t> number{0};
    fake_server server([&](int fd) {
        request_reply::message message;
        while (read_all(fd, message)) {
            // Every second is refused: its own payload comes back.
            const std::uint64_t nonce = frame::load_u64(message.data() + frame::header_bytes);
            const bool is_refused = number++ % 2 == 0;
            write_all(fd, request_reply::make_message(is_refused ? nonce : ~nonce));
        }
    });
    load_plan plan = plan_for(GetParam(), "overload", 1, server.port());
    plan.values.values = {1, 8, 5'000, 16};
    const load_result result = load_shaped(plan);
    server.finish();
    expect_no_errors(result);
    ASSERT_TRUE(result.apart.has_value());
    EXPECT_GT(result.apart->count, 0u);
    EXPECT_GT(result.apart->others.count(), 0u);
    EXPECT_EQ(result.apart->count + result.apart->others.count(), result.latency.count());
}

}  // namespace
}  // namespace regatta::load::tests
