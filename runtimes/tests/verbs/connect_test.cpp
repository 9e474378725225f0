// Connecting: to whoever listens, to nobody, and to one who does not answer.
#include <sys/un.h>

#include "runtimes/tests/verbs/streams.hpp"

namespace regatta::testing::verbs {
namespace {

class connecting : public verb_test {};

TEST_F(connecting, stream_carries_bytes_both_ways) {
    run([](worker& on) -> task<void> {
        const remote far;
        auto [failed, peer] = co_await on.connect(far.where());
        EXPECT_FALSE(failed);
        const unique_fd other = far.accept();
        const auto message = noise(1000);
        write_all(other, message);
        std::vector<std::byte> got;
        while (got.size() < message.size()) {
            auto [broken, bytes] = co_await peer->receive();
            EXPECT_FALSE(broken);
            const bytes_view view = bytes;
            got.insert(got.end(), view.begin(), view.end());
        }
        EXPECT_TRUE(got == message);
        const auto [unsent] = co_await peer->send(message);
        EXPECT_FALSE(unsent);
        std::vector<std::byte> echoed(message.size());
        EXPECT_EQ(::recv(other.get(), echoed.data(), echoed.size(), MSG_WAITALL), 1000);
        EXPECT_TRUE(echoed == message);
        peer.reset();
        // Where the engine itself closes, that takes it some turns.
        ssize_t end = -1;
        for (int i = 0; i < 5000 && end != 0; ++i) {
            (void)co_await on.sleep_for(1ms);
            end = ::recv(other.get(), echoed.data(), echoed.size(), MSG_DONTWAIT);
        }
        EXPECT_EQ(end, 0) << "the stream closes with its object";
    });
}

TEST_F(connecting, nobody_listens) {
    run([](worker& on) -> task<void> {
        remote far;
        const endpoint where = far.where();
        far.close();
        const auto [failed, peer] = co_await on.connect(where);
        EXPECT_EQ(failed.value(), ECONNREFUSED);
        EXPECT_FALSE(peer);
        const auto [missing, nobody] = co_await on.connect(endpoint::unix_socket("/nonexistent"));
        EXPECT_EQ(missing.value(), ENOENT);
        EXPECT_FALSE(nobody);
    });
}

TEST_F(connecting, to_a_unix_socket) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("regatta_connect_" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const std::string path = folder / "socket";
    const endpoint where = endpoint::unix_socket(path);
    const unique_fd listener(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    check(::bind(listener.get(), where.address(), where.length()), "bind");
    check(::listen(listener.get(), 8), "listen");
    run([&](worker& on) -> task<void> {
        auto [failed, peer] = co_await on.connect(where);
        EXPECT_FALSE(failed) << failed.message();
        const unique_fd other(::accept(listener.get(), nullptr, nullptr));
        write_all(other, noise(10));
        auto [broken, bytes] = co_await peer->receive();
        EXPECT_EQ(bytes_view(bytes).size(), 10u);
    });
    std::filesystem::remove_all(folder);
}

TEST_F(connecting, to_an_ipv6_address) {
    const unique_fd listener(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (!listener || ::bind(listener.get(), generic, length) != 0) {
        GTEST_SKIP() << "no IPv6 here: " << std::strerror(errno);
    }
    check(::listen(listener.get(), 8), "listen");
    check(::getsockname(listener.get(), generic, &length), "getsockname");
    run([&](worker& on) -> task<void> {
        const auto [failed, peer] =
            co_await on.connect(endpoint::tcp("::1", ntohs(address.sin6_port)));
        EXPECT_FALSE(failed) << failed.message();
        EXPECT_TRUE(peer);
    });
}

TEST_F(connecting, address_that_is_none) {
    EXPECT_THROW((void)endpoint::tcp("localhost", 80), std::invalid_argument);
    EXPECT_THROW((void)endpoint::tcp("", 80), std::invalid_argument);
    EXPECT_THROW((void)endpoint::unix_socket(std::string(108, 'x')), std::invalid_argument);
}

TEST_F(connecting, wait_for_one_who_does_not_answer_can_be_cancelled) {
    run([](worker& on) -> task<void> {
        const deaf_remote far;
        const auto connect = [&]() -> task<outcome> {
            const auto [failed, peer] = co_await on.connect(far.where());
            EXPECT_EQ(failed.value(), ECANCELED);
            EXPECT_FALSE(peer);
            co_return outcome{failed};
        };
        const auto [failed] = co_await on.with_deadline(20ms, connect());
        EXPECT_EQ(failed.value(), ETIMEDOUT);
        const std::size_t descriptors = open_descriptors();  // with what is opened at first use
        for (int i = 0; i < 10; ++i) {
            const auto [again] = co_await on.with_deadline(i * 1ms, connect());
            EXPECT_EQ(again.value(), ETIMEDOUT);
        }
        EXPECT_EQ(open_descriptors(), descriptors);
    });
}

}  // namespace
}  // namespace regatta::testing::verbs
