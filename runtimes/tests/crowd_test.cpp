// Many connections at once, and one that does not keep up.
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

using workloads::echo;

class crowd : public conformance {};

TEST_F(crowd, thousand_connections_open_at_once_are_all_answered) {
    running_server<echo> server({64});
    std::vector<client> peers;
    for (int i = 0; i < 1000; ++i) {
        peers.push_back(server.connect());
    }
    for (std::uint64_t round = 0; round < 2; ++round) {
        for (std::uint64_t i = 0; i < peers.size(); ++i) {
            peers[i].send(noise(64, i + round));
        }
        for (std::uint64_t i = peers.size(); i-- > 0;) {
            ASSERT_TRUE(peers[i].receive(64) == noise(64, i + round)) << "connection " << i;
        }
    }
    peers.clear();
    const counters counts = server.stop();
    EXPECT_EQ(counts.accepted, 1000u);
    EXPECT_EQ(counts.requests, 2000u);
    EXPECT_EQ(counts.errors, 0u);
}

TEST_F(crowd, connections_that_come_and_go_are_all_counted) {
    running_server<echo> server({64});
    for (std::uint64_t i = 0; i < 500; ++i) {
        client peer = server.connect();
        ASSERT_TRUE(peer.exchange(noise(64, i)) == noise(64, i));
    }
    const counters counts = server.stop();
    EXPECT_EQ(counts.accepted, 500u);
    EXPECT_EQ(counts.requests, 500u);
}

TEST_F(crowd, slow_reader_holds_up_nobody_and_loses_nothing) {
    running_server<echo> server({64});
    constexpr std::size_t length = 8 << 20;
    client slow = server.connect(16 << 10);
    const auto message = noise(length, 9);
    std::jthread sender = slow.send_aside(message);
    {
        client other = server.connect();
        for (std::uint64_t i = 0; i < 500; ++i) {
            EXPECT_TRUE(other.exchange(noise(64, i)) == noise(64, i));
        }
    }
    const auto reply = slow.receive(length);
    sender.join();
    EXPECT_TRUE(reply == message);
    const counters counts = server.stop();
    EXPECT_EQ(counts.bytes_received, length + 500 * 64);
    EXPECT_EQ(counts.bytes_sent, counts.bytes_received);
    EXPECT_EQ(counts.errors, 0u);
}

TEST_F(crowd, two_workers_share_the_connections) {
    running_server<echo> server({64}, 2);
    std::vector<client> peers;
    for (int i = 0; i < 64; ++i) {
        peers.push_back(server.connect());
    }
    for (std::uint64_t i = 0; i < peers.size(); ++i) {
        peers[i].send(noise(64, i));
    }
    for (std::uint64_t i = 0; i < peers.size(); ++i) {
        EXPECT_TRUE(peers[i].receive(64) == noise(64, i));
    }
    peers.clear();
    const counters counts = server.stop();
    EXPECT_EQ(counts.accepted, 64u);
    EXPECT_EQ(counts.requests, 64u);
}

}  // namespace
}  // namespace regatta::testing
