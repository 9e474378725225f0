// Many cancellations and many connections: every resource is accounted for afterwards.
#include <algorithm>
#include <cstdio>
#include <fstream>

#include "runtimes/tests/verbs/verbs.hpp"

namespace regatta::testing::verbs {
namespace {

class storms : public verb_test {};

struct shared_things {
    channel<int> empty;
    channel<int> full;
    semaphore closed_gate;
    probe waits;
    std::atomic<int> cancelled{0};

    explicit shared_things(worker& on) : empty(on, 1), full(on, 0), closed_gate(on, 0) {}
};

/// Waits for what never comes, in one of five ways.
task<outcome> wait_in_vain(worker& on, shared_things& things, int way) {
    probe::visit visit(things.waits);
    outcome ended;
    if (way == 0) {
        ended = co_await on.sleep_for(for_ever);
    } else if (way == 1) {
        auto got = co_await things.empty.receive();
        ended.error = got.error;
    } else if (way == 2) {
        ended = co_await things.full.send(1);
    } else if (way == 3) {
        ended = co_await things.closed_gate.acquire();
    } else {
        task_group inner(on);
        inner.spawn(wait_in_vain(on, things, 0));
        ended = co_await inner.join();
    }
    things.cancelled += ended.error.value() == ECANCELED ? 1 : 0;
    co_return ended;
}

/// Waits `deadlines` times under a deadline that is over, then until somebody cancels.
task<outcome> wait_often(worker& on, shared_things& things, int way, int deadlines) {
    for (int i = 0; i < deadlines; ++i) {
        (void)co_await on.with_deadline(0ns, wait_in_vain(on, things, way));
    }
    const outcome ended = co_await wait_in_vain(on, things, way);
    co_return ended;
}

task<outcome> cancel_many(worker& on, shared_things& things, int children, int deadlines) {
    task_group group(on);
    for (int i = 0; i < children; ++i) {
        group.spawn(wait_often(on, things, i % 5, deadlines));
    }
    (void)co_await on.sleep_for(1ms);
    group.cancel();
    const outcome joined = co_await group.join();
    co_return joined;
}

TEST_F(storms, hundred_thousand_cancellations_leave_nothing_behind) {
    // An OS thread costs a thousand times a coroutine: fewer of them are cancelled more often.
    const int rounds = is_parallel() ? 50 : 200;
    const int children = is_parallel() ? 100 : 210;
    const int deadlines = is_parallel() ? 16 : 1;
    constexpr int warm_up = 20;
    run([=](worker& on) -> task<void> {
        shared_things things(on);
        // What grows once grows now. Fibers that have ended are freed a little later: all of a
        // round, or none, may still be there when it is over.
        std::size_t memory = 0;
        for (int i = 0; i < warm_up; ++i) {
            (void)co_await cancel_many(on, things, children, deadlines);
            memory = std::max(memory, allocated_bytes());
        }
        const std::size_t descriptors = open_descriptors();
        for (int i = 0; i < rounds; ++i) {
            const auto [failed] = co_await cancel_many(on, things, children, deadlines);
            EXPECT_EQ(failed.value(), ECANCELED);
        }
        const int expected = (rounds + warm_up) * (children + children / 5) * (deadlines + 1);
        EXPECT_GE(expected, 100'000);
        EXPECT_EQ(things.waits.started, expected);
        EXPECT_EQ(things.cancelled, expected);
        EXPECT_EQ(things.waits.live, 0);
        EXPECT_EQ(open_descriptors(), descriptors);
        EXPECT_LT(allocated_bytes(), memory + (256 << 10));
        // Nobody who was cancelled still stands in a queue.
        const auto receive = [&]() -> task<outcome> {
            const auto [failed, value] = co_await things.full.receive();
            EXPECT_EQ(value, 9);
            co_return outcome{failed};
        };
        task_group group(on);
        group.spawn(receive());
        (void)co_await things.full.send(9);
        things.closed_gate.release();
        (void)co_await things.closed_gate.acquire();
        const auto [failed] = co_await group.join();
        EXPECT_FALSE(failed);
    });
}

TEST_F(storms, deadlines_that_fire_at_any_moment) {
    run([](worker& on) -> task<void> {
        channel<int> queue(on, 1);
        const auto pass_on = [&]() -> task<outcome> {
            for (;;) {
                const auto [failed, value] = co_await queue.receive();
                if (failed || !value) {
                    co_return outcome{failed};
                }
            }
        };
        task_group consumers(on);
        consumers.spawn(pass_on());
        probe senders;
        std::atomic<int> expired{0};
        const auto send = [&]() -> task<outcome> {
            probe::visit visit(senders);
            for (int i = 0;; ++i) {
                const auto [failed] = co_await queue.send(i);
                if (failed) {
                    co_return visit.end(failed);
                }
            }
        };
        for (int i = 0; i < 500; ++i) {
            const auto duration = std::chrono::microseconds(i);
            const auto [failed] = co_await on.with_deadline(duration, send());
            expired += failed.value() == ETIMEDOUT ? 1 : 0;
        }
        queue.close();
        const auto [failed] = co_await consumers.join();
        EXPECT_FALSE(failed);
        EXPECT_EQ(expired, 500);
        EXPECT_EQ(senders.live, 0);
    });
}

/// The server's ends of connections to `port` that it holds open, as the kernel counts them: a
/// socket in a slot of a ring is no descriptor.
std::size_t open_sockets_at(std::uint16_t port) {
    constexpr unsigned established = 1;  // include/net/tcp_states.h
    constexpr unsigned close_wait = 8;
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line);
    std::size_t count = 0;
    while (std::getline(table, line)) {
        unsigned local_port = 0;
        unsigned state = 0;
        if (std::sscanf(line.c_str(), " %*d: %*8x:%x %*8x:%*x %x", &local_port, &state) == 2 &&
            local_port == port && (state == established || state == close_wait)) {
            ++count;
        }
    }
    return count;
}

TEST_F(storms, ten_thousand_connections_leave_no_memory_no_descriptor_and_no_slot) {
    running_server<workloads::echo> server({64});
    const auto message = noise(64);
    const auto open_use_close = [&](int count) {
        for (int i = 0; i < count; i += 250) {
            std::vector<client> peers;
            for (int k = 0; k < 250; ++k) {
                peers.push_back(server.connect());
                peers.back().send(message);
            }
            for (client& peer : peers) {
                ASSERT_TRUE(peer.receive(64) == message);
            }
        }
    };
    client first = server.connect();  // once it is served, the server has opened all that it needs
    ASSERT_TRUE(first.exchange(message) == message);
    const std::size_t descriptors = open_descriptors();
    open_use_close(2000);
    ASSERT_TRUE(eventually([&] { return open_descriptors() <= descriptors; }));
    // A pool may still grow with the crowd of the moment; what is lost grows every time.
    bool has_stood_still = false;
    for (int round = 0; round < 4; ++round) {
        const std::size_t memory = allocated_bytes();
        open_use_close(2000);
        EXPECT_TRUE(eventually([&] { return open_descriptors() <= descriptors; }));
        has_stood_still = has_stood_still || allocated_bytes() < memory + (64 << 10);
    }
    EXPECT_TRUE(eventually([&] { return open_sockets_at(server.port()) == 1; }))
        << open_sockets_at(server.port()) << " sockets are open, one has a peer";
    EXPECT_TRUE(has_stood_still) << "each 2,000 connections that are closed leave 64 KiB or more";
    const counters counts = server.stop();
    EXPECT_EQ(counts.accepted, 10'001u);
    EXPECT_EQ(counts.requests, 10'001u);
    EXPECT_EQ(counts.errors, 0u);
}

}  // namespace
}  // namespace regatta::testing::verbs
