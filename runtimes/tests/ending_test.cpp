// Connections end in every way that a client can think of; the others must not notice.
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {
namespace {

using workloads::delay;
using workloads::echo;

class ending : public conformance {};

constexpr std::int64_t ten_ms = 10'000;

std::vector<std::byte> frames(std::initializer_list<std::uint64_t> payloads) {
    std::vector<std::byte> bytes;
    for (const std::uint64_t payload : payloads) {
        const auto message = request_reply::make_message(payload);
        bytes.insert(bytes.end(), message.begin(), message.end());
    }
    return bytes;
}

void expect_service(client& peer) {
    const auto message = noise(300);
    EXPECT_TRUE(peer.exchange(message) == message);
}

TEST_F(ending, half_closed_client_gets_the_whole_echo_and_then_the_end) {
    running_server<echo> server;
    client peer = server.connect();
    const auto message = noise(1 << 20);
    {
        const std::jthread sender = peer.send_aside(message, true);
        EXPECT_TRUE(peer.receive_all() == message);
    }
    EXPECT_EQ(server.stop().errors, 0u);
}

TEST_F(ending, half_closed_client_gets_every_reply_that_it_is_owed) {
    running_server<delay> server({ten_ms});
    client peer = server.connect();
    peer.send(frames({1, 2, 3, 4, 5}));
    peer.half_close();
    EXPECT_TRUE(peer.receive_all() == frames({~1ull, ~2ull, ~3ull, ~4ull, ~5ull}));
    const counters counts = server.stop();
    EXPECT_EQ(counts.requests, 5u);
    EXPECT_EQ(counts.errors, 0u);
}

TEST_F(ending, connection_without_a_byte_is_no_error) {
    running_server<echo> server;
    client peer = server.connect();
    peer.half_close();
    EXPECT_TRUE(peer.receive_all().empty());
    const counters counts = server.stop();
    EXPECT_EQ(counts.accepted, 1u);
    EXPECT_EQ(counts.errors, 0u);
}

TEST_F(ending, reset_by_the_client_harms_no_other_connection) {
    running_server<echo> server;
    client steady = server.connect();
    expect_service(steady);
    for (int i = 0; i < 20; ++i) {
        client peer = server.connect();
        expect_service(peer);
        // Replies that nobody reads are on their way when the reset comes.
        peer.send(noise(100'000));
        peer.reset();
        expect_service(steady);
    }
    client late = server.connect();
    expect_service(late);
    const counters counts = server.stop();
    EXPECT_EQ(counts.accepted, 22u);
    EXPECT_LE(counts.errors, 20u);
}

TEST_F(ending, reset_while_the_session_waits) {
    running_server<delay> server({ten_ms});
    for (std::uint64_t i = 0; i < 20; ++i) {
        client peer = server.connect();
        peer.send(frames({i}));
        peer.reset();
    }
    client late = server.connect();
    EXPECT_TRUE(late.exchange(frames({7})) == frames({~7ull}));
}

TEST_F(ending, malformed_frame_closes_its_connection_only) {
    running_server<delay> server({ten_ms});
    client steady = server.connect();
    EXPECT_TRUE(steady.exchange(frames({1})) == frames({~1ull}));

    client too_long = server.connect();
    std::byte header[frame::header_bytes];
    frame::store_u32(header, frame::payload_bytes_max + 1);
    too_long.send(header);
    EXPECT_TRUE(too_long.is_closed_by_server());

    client wrong_length = server.connect();
    std::byte whole[frame::header_bytes + 7];
    frame::store_u32(whole, 7);
    wrong_length.send(whole);
    EXPECT_TRUE(wrong_length.is_closed_by_server());

    EXPECT_TRUE(steady.exchange(frames({2})) == frames({~2ull}));
    const counters counts = server.stop();
    EXPECT_EQ(counts.accepted, 3u);
    EXPECT_EQ(counts.requests, 2u);
    EXPECT_EQ(counts.errors, 2u);
}

TEST_F(ending, frames_before_a_malformed_one_are_answered) {
    running_server<delay> server({ten_ms});
    client peer = server.connect();
    auto bytes = frames({1, 2});
    bytes.resize(bytes.size() + 5);  // the next frame announces an empty payload
    peer.send(bytes);
    EXPECT_TRUE(peer.receive(2 * request_reply::frame_bytes) == frames({~1ull, ~2ull}));
    EXPECT_TRUE(peer.is_closed_by_server());
}

TEST_F(ending, frames_in_pieces_are_put_together) {
    running_server<delay> server({1});
    client peer = server.connect();
    const auto request = frames({10, 20, 30});
    for (const std::size_t piece : {1, 3, 5, 11, 13}) {
        for (std::size_t at = 0; at < request.size(); at += piece) {
            peer.send(bytes_view(request).subspan(at, std::min(piece, request.size() - at)));
            std::this_thread::sleep_for(1ms);  // so that most pieces arrive alone
        }
        ASSERT_TRUE(peer.receive(request.size()) == frames({~10ull, ~20ull, ~30ull}));
    }
}

}  // namespace
}  // namespace regatta::testing
