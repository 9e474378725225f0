#pragma once

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "workloads/frame.hpp"
#include "workloads/kernels.hpp"

namespace regatta::testing {

/// A blocking TCP client on 127.0.0.1, as plain as can be. An operation that the server leaves
/// unanswered for `patience_s` throws, so that a broken runtime fails a test and does not hang it.
class client {
public:
    static constexpr int patience_s = 30;

    explicit client(std::uint16_t port, int receive_buffer_bytes = 0)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        require(fd_ >= 0, "socket");
        const timeval patience{patience_s, 0};
        set(SOL_SOCKET, SO_RCVTIMEO, patience);
        set(SOL_SOCKET, SO_SNDTIMEO, patience);
        set(IPPROTO_TCP, TCP_NODELAY, 1);
        if (receive_buffer_bytes != 0) {
            set(SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int result = 0;
        do {
            // The kernel's own work for a closed ring interrupts a connect() that has a time limit.
            result = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        } while (result != 0 && (errno == EINTR || errno == EALREADY));
        if (result != 0 && errno != EISCONN) {
            const int reason = errno;
            ::close(fd_);
            throw std::system_error(reason, std::generic_category(), "connect");
        }
    }
    client(client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    client& operator=(client&&) = delete;
    ~client() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    void send(bytes_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            require(sent > 0, "send");
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
    }

    /// Sends until the system takes no more; gives how many bytes it took.
    std::size_t send_what_fits(bytes_view bytes) {
        std::size_t taken = 0;
        while (taken < bytes.size()) {
            const ssize_t sent = ::send(fd_, bytes.data() + taken, bytes.size() - taken,
                                        MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0) {
                require(errno == EAGAIN, "send");
                break;
            }
            taken += static_cast<std::size_t>(sent);
        }
        return taken;
    }

    /// Exactly `count` bytes; throws when the stream ends before.
    std::vector<std::byte> receive(std::size_t count) {
        std::vector<std::byte> bytes(count);
        for (std::size_t at = 0; at < count;) {
            const std::size_t got = receive_some(std::span(bytes).subspan(at));
            if (got == 0) {
                throw std::runtime_error("the server closed after " + std::to_string(at) + " of " +
                                         std::to_string(count) + " bytes");
            }
            at += got;
        }
        return bytes;
    }

    /// Everything until the server closes its side.
    std::vector<std::byte> receive_all() {
        std::vector<std::byte> bytes;
        std::byte piece[16 << 10];
        while (const std::size_t got = receive_some(piece)) {
            bytes.insert(bytes.end(), piece, piece + got);
        }
        return bytes;
    }

    /// Whether the server closes or resets, after it has answered whatever it still answers.
    bool is_closed_by_server() {
        try {
            receive_all();
            return true;
        } catch (const std::system_error& error) {
            return error.code().value() == ECONNRESET;
        }
    }

    /// Sends from a thread of its own, as a message larger than the buffers on the way demands. A
    /// failure shows in what is received. `bytes` and this client must outlive the thread.
    std::jthread send_aside(bytes_view bytes, bool then_half_close = false) {
        return std::jthread([this, bytes, then_half_close] {
            try {
                send(bytes);
                if (then_half_close) {
                    half_close();
                }
            } catch (const std::system_error&) {
                ::shutdown(fd_, SHUT_RDWR);
            }
        });
    }

    /// Sends while it receives as many bytes.
    std::vector<std::byte> exchange(bytes_view request) {
        constexpr std::size_t fits_in_buffers = 16 << 10;
        if (request.size() <= fits_in_buffers) {
            send(request);
            return receive(request.size());
        }
        const std::jthread sender = send_aside(request);
        return receive(request.size());
    }

    void half_close() { require(::shutdown(fd_, SHUT_WR) == 0, "shutdown"); }

    /// Closes with a reset instead of an end of stream.
    void reset() {
        set(SOL_SOCKET, SO_LINGER, linger{1, 0});
        ::close(std::exchange(fd_, -1));
    }

private:
    static void require(bool condition, const char* what) {
        if (!condition) {
            throw std::system_error(errno, std::generic_category(), what);
        }
    }
    template <class Value>
    void set(int level, int option, const Value& value) {
        require(::setsockopt(fd_, level, option, &value, sizeof value) == 0, "setsockopt");
    }
    std::size_t receive_some(std::span<std::byte> into) {
        ssize_t got;
        do {
            got = ::recv(fd_, into.data(), into.size(), 0);
        } while (got < 0 && errno == EINTR);
        require(got >= 0, "recv");
        return static_cast<std::size_t>(got);
    }

    int fd_;
};

/// `count` bytes that look like nothing else; another `seed` gives other bytes.
inline std::vector<std::byte> noise(std::size_t count, std::uint64_t seed = 1) {
    std::vector<std::byte> bytes(count);
    kernels::fill(bytes, seed);
    return bytes;
}

}  // namespace regatta::testing
