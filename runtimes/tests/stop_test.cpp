// stop() ends a server in whatever state it is, in bounded time, and leaves nothing behind.
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

using workloads::delay;
using workloads::echo;

class stopping : public conformance {
protected:
    /// Stops `server`; fails when that takes longer than sessions may take to finish.
    template <class Workload>
    static counters stop_in_time(running_server<Workload>& server) {
        const auto start = std::chrono::steady_clock::now();
        const counters counts = server.stop();
        EXPECT_LT(std::chrono::steady_clock::now() - start, drain_deadline + margin);
        return counts;
    }
};

TEST_F(stopping, server_without_a_connection) {
    running_server<echo> server;
    EXPECT_EQ(stop_in_time(server).accepted, 0u);
}

TEST_F(stopping, idle_connections_get_the_end_of_stream) {
    running_server<echo> server({64});
    std::vector<client> peers;
    for (int i = 0; i < 50; ++i) {
        peers.push_back(server.connect());
        EXPECT_TRUE(peers.back().exchange(noise(64)) == noise(64));
    }
    const counters counts = stop_in_time(server);
    for (client& peer : peers) {
        EXPECT_TRUE(peer.is_closed_by_server());
    }
    EXPECT_EQ(counts.accepted, 50u);
    EXPECT_EQ(counts.requests, 50u);
    EXPECT_EQ(counts.errors, 0u);
}

TEST_F(stopping, busy_connections) {
    running_server<echo> server({64});
    std::atomic<std::uint64_t> exchanges{0};
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
        clients.emplace_back([&exchanges, peer = server.connect()]() mutable {
            try {
                for (;;) {
                    peer.exchange(noise(64));
                    ++exchanges;
                }
            } catch (const std::exception&) {
                // The end that the test waits for.
            }
        });
    }
    EXPECT_TRUE(eventually([&] { return exchanges > 500; }));
    const counters counts = stop_in_time(server);
    clients.clear();
    EXPECT_EQ(counts.accepted, 8u);
    EXPECT_GE(counts.requests, exchanges);
}

TEST_F(stopping, request_in_hand_is_answered) {
    running_server<delay> server({200'000});
    client peer = server.connect();
    const auto request = request_reply::make_message(1);
    const auto reply = request_reply::make_message(~1ull);
    EXPECT_TRUE(std::ranges::equal(peer.exchange(request), reply));
    peer.send(request);
    std::this_thread::sleep_for(50ms);
    const counters counts = stop_in_time(server);
    EXPECT_TRUE(std::ranges::equal(peer.receive_all(), reply));
    EXPECT_EQ(counts.requests, 2u);
}

TEST_F(stopping, session_that_waits_beyond_the_deadline_is_aborted) {
    running_server<delay> server({60'000'000});
    client peer = server.connect();
    peer.send(request_reply::make_message(1));
    std::this_thread::sleep_for(50ms);
    stop_in_time(server);
    EXPECT_TRUE(peer.is_closed_by_server());
}

TEST_F(stopping, session_that_cannot_send_is_aborted) {
    running_server<echo> server({64});
    client deaf = server.connect(16 << 10);
    const auto message = noise(16 << 20);
    const std::jthread sender = deaf.send_aside(message);
    std::this_thread::sleep_for(100ms);
    stop_in_time(server);
}

TEST_F(stopping, clients_that_keep_connecting) {
    running_server<echo> server({64});
    std::atomic<int> served{0};
    const std::jthread connector([&](const std::stop_token& is_over) {
        while (!is_over.stop_requested()) {
            try {
                client peer = server.connect();
                peer.exchange(noise(64));
                ++served;
            } catch (const std::exception&) {
                std::this_thread::sleep_for(1ms);
            }
        }
    });
    EXPECT_TRUE(eventually([&] { return served > 20; }));
    stop_in_time(server);
}

TEST_F(stopping, leaves_no_descriptor_and_no_thread) {
    const auto whole_life = [] {
        running_server<echo> server({64}, 2);
        std::vector<client> peers;
        for (int i = 0; i < 20; ++i) {
            peers.push_back(server.connect());
            peers.back().exchange(noise(64));
        }
        while (peers.size() > 10) {
            peers.pop_back();
        }
        server.stop();
    };
    whole_life();  // what is opened once and for all is open now
    const std::size_t descriptors = open_descriptors();
    const std::size_t threads_before = threads();
    for (int i = 0; i < 3; ++i) {
        whole_life();
    }
    EXPECT_TRUE(eventually([&] { return open_descriptors() <= descriptors; }))
        << open_descriptors() << " descriptors, " << descriptors << " before";
    EXPECT_TRUE(eventually([&] { return threads() <= threads_before; }))
        << threads() << " threads, " << threads_before << " before";
}

}  // namespace
}  // namespace regatta::testing
