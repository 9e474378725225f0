// stop() while everything waits: no kind of wait can hold a worker for ever.
#include <future>

#include "runtimes/tests/verbs/verbs.hpp"

namespace regatta::testing::verbs {

/// A workload of this suite whose session waits for ever in every way that there is, at once.
struct wait_for_all {
    static constexpr std::string_view name = "wait_for_all";
    static constexpr workload_kind kind = workload_kind::server;
    static constexpr std::span<const parameter> parameters = {};

    static inline std::atomic<int> waiting{0};
    static inline std::atomic<int> cancelled{0};
    static inline const remote* silent = nullptr;

    template <class Awaitable>
    static task<outcome> wait_on(Awaitable begin) {
        ++waiting;
        auto result = co_await begin();
        cancelled += result.error.value() == ECANCELED ? 1 : 0;
        co_return outcome{};
    }
    static task<outcome> receive_from_silence(worker& on) {
        auto [failed, peer] = co_await on.connect(silent->where());
        if (failed) {
            co_return outcome{failed};
        }
        ++waiting;
        // The worker closes what it has opened: an end of stream or a cancellation.
        auto [ended, bytes] = co_await peer->receive();
        cancelled += bytes_view(bytes).empty() ? 1 : 0;
        co_return outcome{};
    }

    template <runtime Runtime>
    static auto session(Runtime& on, typename Runtime::stream peer, const params&, counters&) ->
        typename Runtime::template task<void> {
        channel<int> empty(on, 1);
        channel<int> full(on, 0);
        semaphore gate(on, 0);
        const auto receive = [&] { return empty.receive(); };
        const auto send = [&] { return full.send(1); };
        const auto acquire = [&] { return gate.acquire(); };
        const auto sleep = [&] { return on.sleep_for(for_ever); };
        const auto nested = [&]() -> task<outcome> {
            task_group inner(on);
            inner.spawn(wait_on(sleep));
            const outcome joined = co_await inner.join();
            co_return joined;
        };
        {
            task_group group(on);
            group.spawn(wait_on(receive));
            group.spawn(wait_on(send));
            group.spawn(wait_on(acquire));
            group.spawn(wait_on(sleep));
            group.spawn(nested());
            group.spawn(receive_from_silence(on));
            (void)co_await group.join();
        }
        // The session itself, outside of any group.
        (void)co_await wait_on(receive);
        (void)co_await wait_on(sleep);
        auto [failed, bytes] = co_await peer.receive();
        EXPECT_TRUE(bytes_view(bytes).empty());
    }
};

/// One whose session waits outside of any group, in a way that the test chooses.
struct wait_alone {
    static constexpr std::string_view name = "wait_alone";
    static constexpr workload_kind kind = workload_kind::server;
    static constexpr parameter parameters[] = {{"way", "", 0, 0, 3, "which wait"}};

    static inline std::atomic<int> waiting{0};

    template <runtime Runtime>
    static auto session(Runtime& on, typename Runtime::stream, const params& values, counters&) ->
        typename Runtime::template task<void> {
        channel<int> queue(on, 0);
        semaphore gate(on, 0);
        ++waiting;
        io_error ended;
        if (values[0] == 0) {
            const auto got = co_await queue.receive();
            ended = got.error;
        } else if (values[0] == 1) {
            const auto [failed] = co_await queue.send(1);
            ended = failed;
        } else if (values[0] == 2) {
            const auto [failed] = co_await gate.acquire();
            ended = failed;
        } else {
            const auto [failed] = co_await on.sleep_for(for_ever);
            ended = failed;
        }
        EXPECT_EQ(ended.value(), ECANCELED);
    }
};

/// Its session serves each request through a group, a deadline and a channel.
struct staged_echo {
    static constexpr std::string_view name = "staged_echo";
    static constexpr workload_kind kind = workload_kind::server;
    static constexpr parameter parameters[] = {{"size", "bytes", 64, 1, 1 << 20, "message"}};

    template <runtime Runtime>
    static auto session(Runtime& on, typename Runtime::stream peer, const params&, counters& counts)
        -> typename Runtime::template task<void> {
        channel<std::vector<std::byte>> queue(on, 2);
        const auto read = [&]() -> task<outcome> {
            for (;;) {
                auto [failed, bytes] = co_await peer.receive();
                const bytes_view view = bytes;
                if (failed || view.empty()) {
                    queue.close();
                    co_return outcome{failed};
                }
                (void)co_await queue.send(std::vector<std::byte>(view.begin(), view.end()));
            }
        };
        const auto write = [&]() -> task<outcome> {
            for (;;) {
                const auto [failed, bytes] = co_await queue.receive();
                if (failed || !bytes) {
                    co_return outcome{failed};
                }
                const outcome sent = co_await peer.send(*bytes);
                if (sent.error) {
                    co_return sent;
                }
                counts.bytes_sent += bytes->size();
            }
        };
        task_group group(on);
        group.spawn(read());
        group.spawn(write());
        const auto [failed] = co_await group.join();
        counts.errors += failed ? 1 : 0;
    }
};

namespace {

class aborting : public verb_test {};

TEST_F(aborting, everything_waits_in_groups) {
    const remote silent;
    wait_for_all::silent = &silent;
    wait_for_all::waiting = 0;
    wait_for_all::cancelled = 0;
    constexpr int sessions = 5;
    running_server<wait_for_all> server;
    std::vector<client> peers;
    for (int i = 0; i < sessions; ++i) {
        peers.push_back(server.connect());
    }
    EXPECT_TRUE(eventually([] { return wait_for_all::waiting == sessions * 6; }));
    const auto start = std::chrono::steady_clock::now();
    server.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - start, drain_deadline + margin);
    EXPECT_EQ(wait_for_all::waiting, sessions * 8);
    EXPECT_EQ(wait_for_all::cancelled, sessions * 8);
}

TEST_F(aborting, everything_waits_alone) {
    for (std::int64_t way = 0; way <= 3; ++way) {
        SCOPED_TRACE(way);
        wait_alone::waiting = 0;
        running_server<wait_alone> server({way});
        const client first = server.connect();
        const client second = server.connect();
        EXPECT_TRUE(eventually([] { return wait_alone::waiting == 2; }));
        const auto start = std::chrono::steady_clock::now();
        server.stop();
        EXPECT_LT(std::chrono::steady_clock::now() - start, drain_deadline + margin);
    }
}

TEST_F(aborting, stop_of_sessions_made_of_groups_is_orderly) {
    running_server<staged_echo> server;
    std::vector<client> peers;
    for (int i = 0; i < 20; ++i) {
        peers.push_back(server.connect());
    }
    for (std::uint64_t round = 0; round < 5; ++round) {
        for (client& peer : peers) {
            peer.send(noise(2000, round));
        }
        for (client& peer : peers) {
            EXPECT_TRUE(peer.receive(2000) == noise(2000, round));
        }
    }
    const counters counts = server.stop();
    EXPECT_EQ(counts.bytes_sent, 20u * 5 * 2000);
    EXPECT_EQ(counts.errors, 0u);
}

}  // namespace
}  // namespace regatta::testing::verbs
