#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include "runtimes/support/limits.hpp"

namespace regatta {

/// How much one receive takes at most, in all runtimes alike.
inline constexpr std::size_t receive_bytes = 16 << 10;

/// Owns a file descriptor.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~unique_fd() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Throws std::system_error with errno and `what` when `result` is negative.
inline int check(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

/// Replies must not wait for a segment to fill. Fails harmlessly on sockets that are not TCP.
inline void set_no_delay(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// Takes O_NONBLOCK off. Throws std::system_error.
inline void set_blocking(int fd) {
    const int flags = check(::fcntl(fd, F_GETFL), "fcntl");
    check(::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), "fcntl");
}

/// What became of a connect() that was in progress: 0 or an errno.
inline int socket_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

inline bool is_connected(int fd) {
    sockaddr_storage peer;
    socklen_t length = sizeof peer;
    return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0;
}

/// An errno of accept() after which accepting can go on: the connection was lost before it was
/// accepted (accept(2) names these), or there is no memory or descriptor for it at the moment.
inline bool is_passing_accept_error(int error) {
    switch (error) {
        case ECONNABORTED:
        case EINTR:
        case EPROTO:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH:
        case EPERM:
            return true;
        default:
            return false;
    }
}

/// accept() failed because descriptors or memory are exhausted: wait before the next attempt, for
/// the connection stays in the queue and the listener stays readable. The limit is noted for the
/// `done` line.
inline bool is_exhaustion(int error) {
    const bool is_limit = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
    if (is_limit) {
        note_accept_limit(error);
    }
    return is_limit;
}

/// Lets another thread wake a loop that waits on the descriptor.
class wake_event {
public:
    wake_event() : fd_(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}
    int fd() const { return fd_.get(); }
    /// From any thread, also from a signal handler.
    void signal() const noexcept {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
    }
    /// Takes the signal back; whether there was one.
    bool clear() const noexcept {
        std::uint64_t value = 0;
        return ::read(fd_.get(), &value, sizeof value) == sizeof value;
    }

private:
    unique_fd fd_;
};

}  // namespace regatta
