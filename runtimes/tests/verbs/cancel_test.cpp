// Every wait on a stream can be cancelled, and nothing that had arrived is lost by it.
#include "runtimes/tests/verbs/streams.hpp"

namespace regatta::testing::verbs {
namespace {

class cancelling : public verb_test {};

TEST_F(cancelling, receive_leaves_the_stream_as_it_was) {
    run([](worker& on) -> task<void> {
        pair ends;
        (void)co_await open(on, ends);
        probe receiver;
        for (int i = 0; i < 5; ++i) {
            const auto [failed] = co_await on.with_deadline(2ms, receive_nothing(ends, receiver));
            EXPECT_EQ(failed.value(), ETIMEDOUT);
            EXPECT_EQ(receiver.last_error, ECANCELED);
            const auto message = noise(100, static_cast<std::uint64_t>(i));
            write_all(ends.other, message);
            auto [broken, bytes] = co_await ends.near->receive();
            EXPECT_FALSE(broken);
            EXPECT_TRUE(std::ranges::equal(bytes_view(bytes), message));
        }
        EXPECT_EQ(receiver.live, 0);
    });
}

TEST_F(cancelling, receive_of_a_sibling) {
    run([](worker& on) -> task<void> {
        pair ends;
        (void)co_await open(on, ends);
        probe receiver;
        task_group group(on);
        group.spawn(receive_nothing(ends, receiver));
        group.spawn(fail_later(on, EPROTO));
        const auto [failed] = co_await group.join();
        EXPECT_EQ(failed.value(), EPROTO);
        EXPECT_EQ(receiver.last_error, ECANCELED);
    });
}

task<outcome> receive_all(pair& ends, std::size_t count, std::vector<std::byte>& got) {
    while (got.size() < count) {
        auto [failed, bytes] = co_await ends.near->receive();
        const bytes_view view = bytes;
        if (failed || view.empty()) {
            co_return outcome{failed};
        }
        got.insert(got.end(), view.begin(), view.end());
    }
    co_return outcome{};
}

// Receives under deadlines that fire at any moment, while bytes come in: whatever a receive did not
// give must come with the next one.
TEST_F(cancelling, receive_that_races_with_arriving_bytes_loses_none) {
    run([](worker& on) -> task<void> {
        pair ends;
        (void)co_await open(on, ends);
        const auto message = noise(200'000);
        const std::jthread sender([&] {
            for (std::size_t at = 0; at < message.size(); at += 1000) {
                write_all(ends.other, bytes_view(message).subspan(at, 1000));
                std::this_thread::sleep_for(50us);
            }
        });
        std::vector<std::byte> got;
        int expired = 0;
        while (got.size() < message.size()) {
            const auto duration = std::chrono::microseconds(50 + 37 * (expired % 20));
            const auto [failed] =
                co_await on.with_deadline(duration, receive_all(ends, message.size(), got));
            EXPECT_TRUE(!failed || failed.value() == ETIMEDOUT) << failed.message();
            ++expired;
        }
        EXPECT_TRUE(got == message);
    });
}

TEST_F(cancelling, send_that_finds_no_room) {
    run([](worker& on) -> task<void> {
        pair ends;
        (void)co_await open(on, ends);
        const auto message = noise(32 << 20);
        const auto send = [&]() -> task<outcome> {
            const outcome sent = co_await ends.near->send(message);
            EXPECT_EQ(sent.error.value(), ECANCELED);
            co_return sent;
        };
        const auto [failed] = co_await on.with_deadline(20ms, send());
        EXPECT_EQ(failed.value(), ETIMEDOUT);
        // What went out before is in order.
        std::vector<std::byte> got(1 << 16);
        EXPECT_EQ(::recv(ends.other.get(), got.data(), got.size(), MSG_WAITALL), 1 << 16);
        EXPECT_TRUE(std::ranges::equal(got, bytes_view(message).first(got.size())));
        EXPECT_TRUE(ends.near) << "the stream can be closed";
    });
}

TEST_F(cancelling, operations_inside_work_as_outside_until_then) {
    run([](worker& on) -> task<void> {
        pair ends;
        (void)co_await open(on, ends);
        const auto exchange = [&]() -> task<outcome> {
            for (std::uint64_t i = 0; i < 200; ++i) {
                const auto message = noise(1 + i * 100, i);
                write_all(ends.other, message);
                std::vector<std::byte> got;
                const auto [failed] = co_await receive_all(ends, message.size(), got);
                EXPECT_FALSE(failed);
                EXPECT_TRUE(got == message);
                const auto [unsent] = co_await ends.near->send(message);
                EXPECT_FALSE(unsent);
                std::vector<std::byte> echoed(message.size());
                EXPECT_EQ(::recv(ends.other.get(), echoed.data(), echoed.size(), MSG_WAITALL),
                          static_cast<ssize_t>(message.size()));
                EXPECT_TRUE(echoed == message);
            }
            co_return outcome{};
        };
        const auto [failed] = co_await on.with_deadline(for_ever, exchange());
        EXPECT_FALSE(failed);
    });
}

TEST_F(cancelling, end_of_stream_and_reset_arrive_inside_a_scope) {
    run([](worker& on) -> task<void> {
        pair ends;
        (void)co_await open(on, ends);
        std::vector<std::byte> got;
        ends.other = unique_fd();
        const auto [failed] = co_await on.with_deadline(for_ever, receive_all(ends, 1, got));
        EXPECT_FALSE(failed);
        EXPECT_TRUE(got.empty());

        pair reset;
        (void)co_await open(on, reset);
        const linger at_once{1, 0};
        ::setsockopt(reset.other.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        reset.other = unique_fd();
        const auto [broken] = co_await on.with_deadline(for_ever, receive_all(reset, 1, got));
        EXPECT_EQ(broken.value(), ECONNRESET);
    });
}

}  // namespace
}  // namespace regatta::testing::verbs
