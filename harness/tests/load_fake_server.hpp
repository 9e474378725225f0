#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

namespace regatta::load::tests {

/// A TCP server on a free loopback port with one thread a connection, for the tests of the
/// generator: what a connection does is up to the test.
class fake_server {
public:
    /// `session(fd)` runs once for each connection; its socket is closed after it.
    explicit fake_server(std::function<void(int)> session, int backlog = 4096)
        : session_(std::move(session)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
            listen(listener_, backlog) != 0 ||
            getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
            throw std::runtime_error("the test cannot listen on the loopback interface");
        }
        port_ = ntohs(address.sin_port);
        if (session_) {
            acceptor_ = std::thread([this] { accept_all(); });
        }
    }
    fake_server(const fake_server&) = delete;
    fake_server& operator=(const fake_server&) = delete;
    ~fake_server() { finish(); }

    std::uint16_t port() const { return port_; }

    /// Refuses connections from now on; those that are open stay.
    void refuse() { shutdown(listener_, SHUT_RDWR); }

    /// Ends every connection and waits for the sessions.
    void finish() {
        shutdown(listener_, SHUT_RDWR);
        if (acceptor_.joinable()) {
            acceptor_.join();
        }
        {
            const std::lock_guard lock(mutex_);
            for (const int fd : open_) {
                shutdown(fd, SHUT_RDWR);
            }
        }
        for (std::thread& each : sessions_) {
            each.join();
        }
        sessions_.clear();
        if (listener_ >= 0) {
            close(listener_);
            listener_ = -1;
        }
    }

private:
    void accept_all() {
        for (int fd = accept(listener_, nullptr, nullptr); fd >= 0;
             fd = accept(listener_, nullptr, nullptr)) {
            const int yes = 1;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            const std::lock_guard lock(mutex_);
            open_.push_back(fd);
            sessions_.emplace_back([this, fd] {
                session_(fd);
                const std::lock_guard closing(mutex_);
                std::erase(open_, fd);
                close(fd);
            });
        }
    }

    std::function<void(int)> session_;
    int listener_;
    std::uint16_t port_ = 0;
    std::thread acceptor_;
    std::mutex mutex_;
    std::vector<int> open_;
    std::vector<std::thread> sessions_;
};

/// Fills `into`; false when the connection ends before.
inline bool read_all(int fd, std::span<std::byte> into) {
    while (!into.empty()) {
        const auto got = recv(fd, into.data(), into.size(), 0);
        if (got <= 0) {
            return false;
        }
        into = into.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

/// Sends all bytes, at most `piece` in one call; false when the connection ends before.
inline bool write_all(int fd, std::span<const std::byte> bytes, std::size_t piece = 1 << 20) {
    while (!bytes.empty()) {
        const auto taken = send(fd, bytes.data(), std::min(piece, bytes.size()), MSG_NOSIGNAL);
        if (taken <= 0) {
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(taken));
    }
    return true;
}

/// Answers messages of 64 bytes.
inline void echo(int fd) {
    std::byte message[64];
    while (read_all(fd, message) && write_all(fd, message)) {
    }
}

/// Reads and throws away until the peer ends.
inline void read_to_end(int fd) {
    std::byte sink[4096];
    while (recv(fd, sink, sizeof sink, 0) > 0) {
    }
}

/// Makes the close of `fd` a reset.
inline void reset_on_close(int fd) {
    const linger at_once{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace regatta::load::tests
