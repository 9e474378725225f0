#pragma once

#include <coroutine>

#include "runtimes/runtime.hpp"
#include "runtimes/support/buffer_pool.hpp"
#include "runtimes/support/drain.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta::epoll {

class receive_awaiter;
class send_awaiter;

/// A socket and who waits for it. It is registered once, edge-triggered, for both directions.
struct connection {
    unique_fd fd;
    buffer_pool& buffers;
    receive_awaiter* reader = nullptr;
    send_awaiter* writer = nullptr;
    // A receive that got less than it asked for has emptied the socket, and epoll(7) promises an
    // edge for whatever comes next; so the next receive waits without asking the socket in vain.
    bool may_be_readable = false;
    // The peer has closed: its edge is spent, so a receive must always ask the socket.
    bool is_hung_up = false;
    std::size_t place = 0;

    int descriptor() const { return fd.get(); }
    /// Resumes the waiting coroutines that an event (a mask of EPOLLIN and so on) lets go on.
    void on_event(std::uint32_t events);
};

class [[nodiscard]] receive_awaiter {
public:
    explicit receive_awaiter(connection& peer) : peer_(peer) {}
    bool await_ready() { return peer_.may_be_readable && attempt(); }
    void await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = waiter;
        peer_.reader = this;
    }
    received<lent_bytes> await_resume() {
        if (error_) {
            return {error_, {}};
        }
        return {io_error(), lent_bytes(peer_.buffers, std::exchange(buffer_, nullptr), size_)};
    }

private:
    friend struct connection;

    // Asks the socket; false when it has nothing yet.
    bool attempt() {
        buffer_ = peer_.buffers.take();
        const ssize_t got = ::recv(peer_.fd.get(), buffer_, receive_bytes, 0);
        if (got >= 0) {
            size_ = static_cast<std::size_t>(got);
            peer_.may_be_readable = size_ == receive_bytes || peer_.is_hung_up;
            return true;
        }
        peer_.buffers.give(std::exchange(buffer_, nullptr));
        if (errno == EAGAIN) {
            peer_.may_be_readable = false;
            return false;
        }
        if (errno != EINTR) {
            error_ = io_error(errno);
            return true;
        }
        return attempt();
    }

    connection& peer_;
    std::coroutine_handle<> waiter_;
    std::byte* buffer_ = nullptr;
    std::size_t size_ = 0;
    io_error error_;
};

class [[nodiscard]] send_awaiter {
public:
    send_awaiter(connection& peer, bytes_view bytes) : peer_(peer), rest_(bytes) {}
    bool await_ready() { return attempt(); }
    void await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = waiter;
        peer_.writer = this;
    }
    outcome await_resume() const { return {error_}; }

private:
    friend struct connection;

    // Sends what the socket takes; false when it must wait for room.
    bool attempt() {
        while (!rest_.empty()) {
            const ssize_t sent = ::send(peer_.fd.get(), rest_.data(), rest_.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest_ = rest_.subspan(static_cast<std::size_t>(sent));
            } else if (errno == EAGAIN) {
                return false;
            } else if (errno != EINTR) {
                error_ = io_error(errno);
                return true;
            }
        }
        return true;
    }

    connection& peer_;
    bytes_view rest_;
    std::coroutine_handle<> waiter_;
    io_error error_;
};

}  // namespace regatta::epoll
