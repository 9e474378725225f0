// Sleeping: sessions wait side by side, and wake in the order of their times.
#include <mutex>

#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {

// A workload of this suite: the nonce says how long to wait, in milliseconds, and the order of
// waking is kept.
struct nap {
    static constexpr std::string_view name = "nap";
    static constexpr workload_kind kind = workload_kind::server;
    static constexpr std::span<const parameter> parameters = {};

    template <runtime Runtime>
    static auto wait(Runtime& runtime, const params&, std::uint64_t nonce) {
        return runtime.sleep_for(std::chrono::milliseconds(nonce));
    }
    static std::uint64_t answer(const params&, std::uint64_t nonce) {
        const std::lock_guard lock(mutex);
        woken.push_back(nonce);
        return nonce;
    }
    template <runtime Runtime>
    static auto session(Runtime& runtime, typename Runtime::stream peer, const params& values,
                        counters& counts) -> typename Runtime::template task<void> {
        return request_reply::session<nap>(runtime, std::move(peer), values, counts);
    }

    static inline std::mutex mutex;
    static inline std::vector<std::uint64_t> woken;
};

namespace {

using workloads::delay;

class waiting : public conformance {
protected:
    void SetUp() override {
        conformance::SetUp();
        if (!IsSkipped() && is_reference()) {
            GTEST_SKIP() << "the reference runtime does not wait";
        }
        nap::woken.clear();
    }
};

TEST_F(waiting, sessions_overlap) {
    constexpr int connections = 20;
    constexpr auto each = 200ms;
    running_server<delay> server({std::chrono::microseconds(each).count()});
    std::vector<client> peers;
    for (int i = 0; i < connections; ++i) {
        peers.push_back(server.connect());
    }
    const auto start = std::chrono::steady_clock::now();
    for (client& peer : peers) {
        peer.send(request_reply::make_message(5));
    }
    for (client& peer : peers) {
        EXPECT_TRUE(std::ranges::equal(peer.receive(request_reply::frame_bytes),
                                       request_reply::make_message(~5ull)));
    }
    const auto elapsed = std::chrono::steady_clock::now() - start;
    EXPECT_GE(elapsed, each);
    EXPECT_LT(elapsed, connections * each / 2) << "one after the other would take all of it";
}

TEST_F(waiting, sleeps_end_in_the_order_of_their_times) {
    running_server<nap> server;
    const std::vector<std::uint64_t> times_ms = {900, 300, 1200, 1, 600};
    std::vector<client> peers;
    for (const std::uint64_t time : times_ms) {
        peers.push_back(server.connect());
        peers.back().send(request_reply::make_message(time));
    }
    for (client& peer : peers) {
        peer.receive(request_reply::frame_bytes);
    }
    const std::lock_guard lock(nap::mutex);
    EXPECT_TRUE(std::ranges::is_sorted(nap::woken));
    EXPECT_EQ(nap::woken.size(), times_ms.size());
}

TEST_F(waiting, sleep_never_ends_early) {
    running_server<nap> server;
    client peer = server.connect();
    for (const int time_ms : {0, 1, 2, 5, 20, 50}) {
        const auto start = std::chrono::steady_clock::now();
        peer.exchange(request_reply::make_message(static_cast<std::uint64_t>(time_ms)));
        EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(time_ms));
    }
}

TEST_F(waiting, others_are_served_meanwhile) {
    running_server<nap> server;
    client sleeper = server.connect();
    sleeper.send(request_reply::make_message(3000));
    client other = server.connect();
    for (int i = 0; i < 100; ++i) {
        other.exchange(request_reply::make_message(0));
    }
    const std::lock_guard lock(nap::mutex);
    EXPECT_EQ(std::ranges::count(nap::woken, 0u), 100);
    EXPECT_EQ(std::ranges::count(nap::woken, 3000u), 0);
}

}  // namespace
}  // namespace regatta::testing
