// A task that never waits but yields: the others of its worker must get their turn.
#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {

// A workload of this suite: 'S' keeps its session yielding until another session receives 'R',
// which is answered after a sleep. Both are answered with the byte itself.
struct spin {
    static constexpr std::string_view name = "spin";
    static constexpr workload_kind kind = workload_kind::server;
    static constexpr std::span<const parameter> parameters = {};

    template <runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params&,
                        counters& counts) -> typename Runtime::template task<void> {
        for (;;) {
            auto [failed, bytes] = co_await peer.receive();
            if (failed || bytes.empty()) {
                break;
            }
            const std::byte order = *bytes.data();
            if (order == std::byte{'S'}) {
                while (!is_released) {
                    co_await runtime.yield();
                }
            } else if (auto [stopped] = co_await runtime.sleep_for(1ms); stopped) {
                break;
            } else {
                is_released = true;
            }
            if (auto [refused] = co_await peer.send(bytes_view(&order, 1)); refused) {
                break;
            }
            ++counts.requests;
        }
    }

    static inline std::atomic<bool> is_released;
};

namespace {

class busy : public conformance {};

TEST_F(busy, task_that_yields_for_ever_starves_neither_arrivals_nor_bytes_nor_timers) {
    spin::is_released = false;
    running_server<spin> server;
    client spinning = server.connect();
    const std::byte spin_on[] = {std::byte{'S'}};
    const std::byte release[] = {std::byte{'R'}};
    spinning.send(spin_on);
    client other = server.connect();
    EXPECT_EQ(other.exchange(release).front(), release[0]);
    EXPECT_EQ(spinning.receive(1).front(), spin_on[0]);
    EXPECT_EQ(server.stop().requests, 2u);
}

// What a session has not asked for must wait in the sockets, not in the runtime's memory.
TEST_F(busy, session_that_does_not_receive_makes_its_peer_wait) {
    if (selected_runtime::about().is_reference_only) {
        GTEST_SKIP() << "the reference runtime does not wait";
    }
    running_server<workloads::delay> server({60'000'000});
    client peer = server.connect();
    peer.send(request_reply::make_message(1));
    const auto flood = noise(1 << 20);
    constexpr std::size_t far_more_than_fits_in_sockets = 256u << 20;
    std::size_t taken = 0;
    for (int idle_rounds = 0; idle_rounds < 20 && taken < far_more_than_fits_in_sockets;) {
        const std::size_t now = peer.send_what_fits(flood);
        taken += now;
        idle_rounds = now == 0 ? idle_rounds + 1 : 0;
        std::this_thread::sleep_for(10ms);
    }
    EXPECT_LT(taken, far_more_than_fits_in_sockets);
}

TEST_F(busy, slow_readers_leave_buffers_for_the_others) {
    constexpr int slow_readers = 300;  // more than the provided buffers of any runtime at first
    running_server<workloads::echo> server({64});
    const auto message = noise(1 << 20);
    std::vector<client> deaf;
    for (int i = 0; i < slow_readers; ++i) {
        deaf.push_back(server.connect(4 << 10));
        deaf.back().send_what_fits(message);
    }
    client other = server.connect();
    for (std::uint64_t i = 0; i < 100; ++i) {
        ASSERT_TRUE(other.exchange(noise(64, i)) == noise(64, i));
    }
}

}  // namespace
}  // namespace regatta::testing
