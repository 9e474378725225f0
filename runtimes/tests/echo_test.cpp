// Every byte comes back, in order, whatever the pieces in which it was sent.
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

using workloads::echo;

class echo_of : public conformance, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(echo_of, message_in_one_go) {
    running_server<echo> server;
    client peer = server.connect();
    for (const std::uint64_t seed : {1, 2, 3}) {
        const auto message = noise(GetParam(), seed);
        ASSERT_TRUE(peer.exchange(message) == message);
    }
}

TEST_P(echo_of, message_byte_by_byte) {
    running_server<echo> server;
    client peer = server.connect();
    const auto message = noise(GetParam());
    const std::jthread sender([&] {
        for (const std::byte& one : message) {
            peer.send(bytes_view(&one, 1));
        }
    });
    EXPECT_TRUE(peer.receive(message.size()) == message);
}

INSTANTIATE_TEST_SUITE_P(sizes, echo_of, ::testing::Values(1, 64, 4 << 10, 64 << 10, 1 << 20));

class echoes : public conformance {};

TEST_F(echoes, one_byte_at_a_time_and_waited_for) {
    running_server<echo> server;
    client peer = server.connect();
    for (const std::byte& one : noise(2000)) {
        peer.send(bytes_view(&one, 1));
        ASSERT_EQ(peer.receive(1).front(), one);
    }
}

TEST_F(echoes, connections_do_not_mix) {
    running_server<echo> server;
    std::vector<client> peers;
    for (int i = 0; i < 20; ++i) {
        peers.push_back(server.connect());
    }
    for (std::uint64_t round = 0; round < 20; ++round) {
        for (std::uint64_t i = 0; i < peers.size(); ++i) {
            peers[i].send(noise(1000 + i, round * 100 + i));
        }
        for (std::uint64_t i = 0; i < peers.size(); ++i) {
            ASSERT_TRUE(peers[i].receive(1000 + i) == noise(1000 + i, round * 100 + i));
        }
    }
}

TEST_F(echoes, large_messages_on_several_connections_at_once) {
    running_server<echo> server;
    std::atomic<int> right{0};
    std::vector<std::jthread> clients;
    for (std::uint64_t i = 0; i < 4; ++i) {
        clients.emplace_back([&, i] {
            const auto message = noise(2 << 20, i);
            client peer = server.connect();
            right += peer.exchange(message) == message ? 1 : 0;
        });
    }
    clients.clear();
    EXPECT_EQ(right, 4);
}

}  // namespace
}  // namespace regatta::testing
