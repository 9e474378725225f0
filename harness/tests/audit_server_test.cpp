#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/audit/request_cutter.hpp"
#include "harness/audit/server.hpp"
#include "harness/load/clock.hpp"

namespace regatta::audit {
namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

std::string frame_of(std::uint64_t nonce) {
    std::string bytes{'\x08', 0, 0, 0};
    return bytes.append(reinterpret_cast<const char*>(&nonce), sizeof nonce);
}

/// A message of sockperf with these flags: 1 from a client, 2 wants a reply, 4 warm-up.
std::string message_of(char number, char flags, std::size_t size) {
    std::string bytes(size, 'x');
    bytes.replace(0, 14, 14, '\0');
    bytes[7] = number;
    bytes[9] = flags;
    bytes[12] = static_cast<char>(size >> 8);
    bytes[13] = static_cast<char>(size);
    return bytes;
}

std::vector<request> cut(const std::string& bytes, std::size_t step) {
    request_cutter cutter;
    std::vector<request> whole;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        EXPECT_TRUE(cutter.feed(std::string_view(bytes).substr(at, step), whole));
    }
    return whole;
}

TEST(request_cutter, finds_requests_however_they_are_cut) {
    for (std::size_t step = 1; step < 40; ++step) {
        const auto frames = cut(frame_of(1) + frame_of(0x4747474747474747) + frame_of(3), step);
        ASSERT_EQ(frames.size(), 3u) << step;
        EXPECT_EQ(frames[1].nonce, 0x4747474747474747u);
        const auto gets = cut(get + get + get.substr(0, get.size() - 1), step);
        ASSERT_EQ(gets.size(), 2u) << step;
        EXPECT_EQ(gets[0].nonce, std::nullopt);
        const auto messages = cut(message_of(1, 3, 14) + message_of(2, 1, 20) +
                                      message_of(3, 7, 30) + message_of(4, 3, 600),
                                  step);
        ASSERT_EQ(messages.size(), 2u) << step;  // those that want a reply
        EXPECT_EQ(messages[0].message, message_of(1, 2, 14));
        EXPECT_EQ(messages[1].message, message_of(4, 2, 600));
    }
}

TEST(request_cutter, refuses_what_is_no_request) {
    const std::string wrong[] = {"GOT /",
                                 std::string("\x09\0\0\0", 4),
                                 "POST / HTTP/1.1\r\n\r\n",
                                 "GET /" + std::string(70'000, 'x'),
                                 message_of(1, 2, 14),
                                 std::string(14, '\0'),
                                 std::string(9, '\0') + std::string("\x03\x7f\0\0\0", 5)};
    for (const std::string& bytes : wrong) {
        std::vector<request> whole;
        EXPECT_FALSE(request_cutter().feed(bytes, whole)) << bytes.substr(0, 10);
        EXPECT_TRUE(whole.empty());
    }
}

/// A server in a thread of its own, until the end of the test.
class audit_server : public ::testing::Test {
protected:
    audit_server() : server_(model()) {
        EXPECT_EQ(::pipe(pipe_), 0);
        thread_ = std::thread([this] { server_.run(pipe_[0]); });
    }
    ~audit_server() override {
        stop();
        ::close(pipe_[0]);
    }
    void stop() {
        if (thread_.joinable()) {
            ::close(pipe_[1]);
            thread_.join();
        }
    }
    static server_model model() {
        server_model fixed;
        fixed.delay_ns = 2'000'000;
        return fixed;
    }
    load::descriptor connected() const {
        load::descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(server_.port()));
        EXPECT_EQ(
            ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
        return client;
    }
    static std::string exchange(const load::descriptor& client, const std::string& bytes,
                                std::size_t expected) {
        EXPECT_EQ(::send(client.get(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
        std::string got(expected, '\0');
        got.resize(static_cast<std::size_t>(
            std::max<ssize_t>(::recv(client.get(), got.data(), expected, MSG_WAITALL), 0)));
        return got;
    }

    server server_;
    int pipe_[2];
    std::thread thread_;
};

TEST_F(audit_server, answers_its_protocols_in_order_and_never_early) {
    std::string replies;
    append_reply({1}, replies);
    append_reply({2}, replies);
    const auto first = connected();
    const std::uint64_t begin_ns = load::now_ns();
    EXPECT_EQ(exchange(first, frame_of(1) + frame_of(2), replies.size()), replies);
    EXPECT_GE(load::now_ns() - begin_ns, 2'000'000u);
    EXPECT_EQ(static_cast<unsigned char>(replies[4]), 0xfe);  // the nonce inverted

    std::string page;
    append_reply({}, page);
    EXPECT_EQ(exchange(connected(), get, page.size()), page);
    EXPECT_EQ(exchange(connected(), message_of(9, 7, 14) + message_of(1, 3, 64), 64),
              message_of(1, 2, 64));
    stop();
    EXPECT_EQ(server_.requests(), 4u);
    EXPECT_EQ(server_.lateness().count(), 4u);
}

TEST_F(audit_server, hangs_up_on_nonsense_and_serves_on) {
    EXPECT_EQ(exchange(connected(), "SSH-2.0-x\r\n", 1), "");
    EXPECT_EQ(exchange(connected(), frame_of(5), 12).size(), 12u);
}

}  // namespace
}  // namespace regatta::audit
