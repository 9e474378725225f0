// Many cancelled waits on sockets: the engine, too, gives back all that it held for them.
#include "runtimes/tests/verbs/streams.hpp"

namespace regatta::testing::verbs {
namespace {

class stream_storms : public verb_test {};

task<outcome> connect_in_vain(worker& on, const deaf_remote& to, probe& seen) {
    probe::visit visit(seen);
    const auto [failed, peer] = co_await on.connect(to.where());
    EXPECT_FALSE(peer);
    EXPECT_EQ(failed.value(), ECANCELED);
    co_return visit.end(failed);
}

/// Sends more than the system takes while nobody reads.
task<outcome> send_in_vain(pair& ends, bytes_view bytes, probe& seen) {
    probe::visit visit(seen);
    const outcome sent = co_await ends.near->send(bytes);
    EXPECT_EQ(sent.error.value(), ECANCELED);
    co_return visit.end(sent.error);
}

/// Receives, sends and connects that all wait until they are cancelled together.
struct crowd_of_waits {
    static constexpr std::size_t streams = 20;
    static constexpr std::size_t senders = 2;
    static constexpr std::size_t connects = 4;
    static constexpr int waits = streams + senders + connects;

    std::vector<pair> receiving{streams};
    std::vector<std::byte> too_much = noise(16 << 20);
    deaf_remote deaf;
    probe seen;

    static task<outcome> open_all(worker& on, std::vector<pair>& pairs) {
        for (pair& ends : pairs) {
            (void)co_await open(on, ends);
        }
        co_return outcome{};
    }

    task<outcome> cancel_all(worker& on) {
        // After a cancelled send a stream is good for nothing but closing: others each time.
        std::vector<pair> sending(senders);
        (void)co_await open_all(on, sending);
        task_group group(on);
        for (pair& ends : receiving) {
            group.spawn(receive_nothing(ends, seen));
        }
        for (pair& ends : sending) {
            group.spawn(send_in_vain(ends, too_much, seen));
        }
        for (std::size_t i = 0; i < connects; ++i) {
            group.spawn(connect_in_vain(on, deaf, seen));
        }
        (void)co_await on.sleep_for(1ms);
        group.cancel();
        const outcome joined = co_await group.join();
        co_return joined;
    }
};

TEST_F(stream_storms, cancelled_receives_sends_and_connects_leave_nothing_behind) {
    run([](worker& on) -> task<void> {
        crowd_of_waits crowd;
        (void)co_await crowd.open_all(on, crowd.receiving);
        (void)co_await crowd.cancel_all(on);  // what grows once has grown now
        const std::size_t descriptors = open_descriptors();
        const std::size_t memory = allocated_bytes();
        const int rounds = 300;
        for (int i = 0; i < rounds; ++i) {
            const auto [failed] = co_await crowd.cancel_all(on);
            EXPECT_EQ(failed.value(), ECANCELED);
            EXPECT_EQ(crowd.seen.last_error, ECANCELED);
        }
        EXPECT_EQ(crowd.seen.started, (rounds + 1) * crowd_of_waits::waits);
        EXPECT_EQ(crowd.seen.live, 0);
        // Where the engine itself closes, that takes it some turns.
        for (int i = 0; i < 5000 && open_descriptors() > descriptors; ++i) {
            (void)co_await on.sleep_for(1ms);
        }
        EXPECT_LE(open_descriptors(), descriptors);
        EXPECT_LT(allocated_bytes(), memory + (256 << 10));
        for (pair& ends : crowd.receiving) {  // no stream was harmed
            const auto message = noise(100);
            write_all(ends.other, message);
            auto [failed, bytes] = co_await ends.near->receive();
            EXPECT_FALSE(failed);
            EXPECT_TRUE(std::ranges::equal(bytes_view(bytes), message));
        }
    });
}

}  // namespace
}  // namespace regatta::testing::verbs
