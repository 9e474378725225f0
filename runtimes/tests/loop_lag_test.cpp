// The probe of the loops' lag: sees a loop that is held up, is counted nowhere, delays no stop.
#include <poll.h>

#include "runtimes/tests/conformance.hpp"

namespace regatta::testing {

/// Echo whose server holds its thread for 40 ms before each reply, as no session should.
struct thread_hog {
    static constexpr std::string_view name = "thread_hog";
    static constexpr workload_kind kind = workload_kind::server;
    static constexpr std::array<parameter, 0> parameters{};

    template <runtime Runtime>
    static auto session(Runtime&, typename Runtime::stream peer, const params&, counters& counts) ->
        typename Runtime::template task<void> {
        for (;;) {
            auto [failed, bytes] = co_await peer.receive();
            if (failed || bytes.empty()) {
                co_return;
            }
            std::this_thread::sleep_for(40ms);
            if (auto [refused] = co_await peer.send(bytes); refused) {
                co_return;
            }
            ++counts.requests;
        }
    }
};

namespace {

class loop_lag : public conformance {
protected:
    void SetUp() override {
        conformance::SetUp();
        if (const auto obstacle = loop_lag_obstacle(selected_runtime::about())) {
            GTEST_SKIP() << *obstacle;
        }
    }

    using probed = server<selected_runtime>;

    const std::vector<std::int64_t> settings_ = [] {
        params values;
        runtime_settings settings;
        apply_settings({}, {}, values, selected_runtime::about().parameters, settings);
        return settings;
    }();
    const params values_ = [] {
        params values;
        values.values[0] = 64;
        return values;
    }();
};

TEST_F(loop_lag, every_worker_is_probed_and_the_probe_is_no_connection) {
    constexpr std::size_t workers = 3;
    std::uint64_t lags = 0;
    // A busy machine may stop the server before the first beat of its clock.
    EXPECT_TRUE(eventually([&] {
        listeners listening = listen_on("127.0.0.1", 0, workers);
        probed serving(sessions_under_test<workloads::echo>(), settings_, values_, listening, 1ms);
        {
            client peer(listening.port);
            EXPECT_TRUE(peer.exchange(noise(64)) == noise(64));
            std::this_thread::sleep_for(50ms);
        }
        serving.stop();
        EXPECT_EQ(serving.totals().accepted, 1u);
        EXPECT_EQ(serving.totals().requests, 1u);
        EXPECT_EQ(serving.aborted_sessions(), 0u);
        lags = serving.lags().count();
        return lags >= workers;
    }));
}

TEST_F(loop_lag, connections_spread_again_after_the_probes) {
    listeners listening = listen_on("127.0.0.1", 0, 2);
    probed serving(sessions_under_test<workloads::echo>(), settings_, values_, listening, 1ms);
    std::vector<client> peers;
    for (int i = 0; i < 64; ++i) {
        peers.emplace_back(listening.port);
        EXPECT_TRUE(peers.back().exchange(noise(64)) == noise(64));
    }
    serving.stop();
    EXPECT_EQ(serving.totals().accepted, 64u);
}

TEST_F(loop_lag, sees_a_session_that_holds_its_thread) {
    std::uint64_t longest_ns = 0;
    EXPECT_TRUE(eventually([&] {
        listeners listening = listen_on("127.0.0.1", 0, 1);
        probed serving(sessions_under_test<thread_hog>(), settings_, values_, listening, 1ms);
        {
            client peer(listening.port);
            for (int i = 0; i < 3; ++i) {
                peer.exchange(noise(64));
            }
        }
        serving.stop();
        longest_ns = serving.lags().max();
        return longest_ns >= 20'000'000;
    })) << longest_ns;
}

TEST_F(loop_lag, is_off_unless_asked_for) {
    listeners listening = listen_on("127.0.0.1", 0, 1);
    probed serving(sessions_under_test<workloads::echo>(), settings_, values_, listening);
    {
        client peer(listening.port);
        EXPECT_TRUE(peer.exchange(noise(64)) == noise(64));
    }
    serving.stop();
    EXPECT_EQ(serving.lags().count(), 0u);
}

TEST(lag_clock, sends_when_each_period_was_due_and_none_is_left_out) {
    constexpr auto period = 1ms;
    const listeners listening = listen_on("127.0.0.1", 0, 1);
    const auto begin = std::chrono::steady_clock::now();
    const lag_clock clock(listening, period);
    const int listener = listening.sockets[0].get();
    pollfd ready{listener, POLLIN, 0};
    while (::poll(&ready, 1, -1) < 0) {
        ASSERT_EQ(errno, EINTR);
    }
    const unique_fd peer(check(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), "accept4"));
    std::array<std::uint64_t, 20> due{};
    const auto bytes = std::as_writable_bytes(std::span(due));
    for (std::size_t got = 0; got != bytes.size();) {
        const ssize_t more = ::recv(peer.get(), &bytes[got], bytes.size() - got, 0);
        ASSERT_TRUE(more > 0 || errno == EINTR) << std::strerror(errno);
        got += more > 0 ? static_cast<std::size_t>(more) : 0;
    }
    // Periods apart to the nanosecond, whenever the clock itself came to run.
    for (std::size_t i = 1; i < due.size(); ++i) {
        EXPECT_EQ(due[i] - due[i - 1], std::chrono::nanoseconds(period).count());
    }
    EXPECT_GE(due[0], (begin + period).time_since_epoch() / std::chrono::nanoseconds(1));
}

TEST(lag_log, takes_times_in_pieces_and_begins_anew_while_connections_come) {
    const auto now = static_cast<std::uint64_t>(
        std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
    const std::array<std::uint64_t, 2> sent{now - 5'000'000'000, now + 60'000'000'000};
    const auto bytes = std::as_bytes(std::span(sent));
    lag_log log;
    log.take(bytes.first(3));
    EXPECT_EQ(log.lags().count(), 0u);
    log.take(bytes.subspan(3));
    EXPECT_EQ(log.lags().count(), 2u);
    EXPECT_GE(log.lags().max(), 4'900'000'000u);
    EXPECT_EQ(log.lags().min(), 0u);
    log.accepted(true);  // a session has ended before: connections come and go under load
    log.take(bytes.last(8));
    EXPECT_EQ(log.lags().count(), 3u);
    log.accepted(false);
    log.take(bytes.last(8));
    EXPECT_EQ(log.lags().count(), 1u);
}

TEST(lag_log, few_values_have_no_percentile) {
    histogram lags;
    lags.record(5000);
    const nlohmann::json line = loop_lag_json(lags, std::nullopt);
    EXPECT_TRUE(line.at("lag_ns_p50").is_null());
    EXPECT_EQ(line.at("lag_ns_max"), 5000);
    EXPECT_EQ(line.at("count"), 1);
    EXPECT_TRUE(loop_lag_json({}, "no loop").at("lag_ns_max").is_null());
    EXPECT_EQ(loop_lag_json({}, "no loop").at("reason"), "no loop");
}

}  // namespace
}  // namespace regatta::testing
