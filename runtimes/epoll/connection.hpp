#pragma once

#include <sys/epoll.h>

#include <coroutine>

#include "runtimes/runtime.hpp"
#include "runtimes/support/buffer_pool.hpp"
#include "runtimes/support/live_set.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta::epoll {

/// A socket, who waits for it, and how far its operations are. It is registered once,
/// edge-triggered.
class connection {
public:
    static constexpr std::uint32_t events_at_first = EPOLLIN | EPOLLRDHUP | EPOLLET;

    connection(int loop, unique_fd accepted, buffer_pool& pool)
        : fd_(std::move(accepted)), epoll_(loop), buffers_(pool) {}
    ~connection() { give_buffer_back(); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    int descriptor() const { return fd_.get(); }
    void close() { fd_ = unique_fd(); }

    /// Resumes the waiting coroutines that an event (a mask of EPOLLIN and so on) lets go on. A
    /// session that ends meanwhile must close() this object and leave it alive.
    void on_event(std::uint32_t events) {
        if (events == EPOLLIN) [[likely]] {
            on_readable();
        } else {
            on_unusual_event(events);
        }
    }

    std::size_t place = 0;  ///< live_set's

private:
    friend class receive_awaiter;
    friend class send_awaiter;

    void on_readable() {
        if (!reader_) [[unlikely]] {
            may_be_readable_ = true;
            return;
        }
        if (!take(::recv(fd_.get(), buffers_.current(), receive_bytes, 0))) [[unlikely]] {
            return;
        }
        std::exchange(reader_, nullptr).resume();
        if (!reader_ && fd_) [[unlikely]] {
            keep_buffer();
        }
    }
    void on_unusual_event(std::uint32_t events);

    // Takes what recv() gave; false when the socket has nothing yet.
    bool take(ssize_t got) {
        received_ = got;
        return (got > 0 && got < static_cast<ssize_t>(receive_bytes)) || take_unusual(got);
    }
    bool take_unusual(ssize_t got);
    // Asks the socket without waiting for an event first; false when it has nothing yet.
    bool receive_at_once();

    // Sends what is left of `bytes` after a send() that gave `sent`; false when there is no room.
    [[gnu::cold, gnu::noinline]] bool send_rest(bytes_view bytes, ssize_t sent);
    void wait_for_room(std::coroutine_handle<> writer);

    std::byte* buffer() const { return kept_ != nullptr ? kept_ : buffers_.current(); }
    void give_buffer_back() {
        if (kept_ != nullptr) [[unlikely]] {
            give_kept_back();
        }
    }

    // Rare: out of the way of the code that runs for every request.
    [[gnu::cold, gnu::noinline]] void give_kept_back();
    [[gnu::cold, gnu::noinline]] void keep_buffer();

    unique_fd fd_;
    int epoll_;  // the loop's
    buffer_pool& buffers_;
    // Kept while the session waits for something else with received bytes in its hands.
    std::byte* kept_ = nullptr;
    std::coroutine_handle<> reader_;
    ssize_t received_ = 0;  // what the last receive gave: bytes, or -errno
    std::coroutine_handle<> writer_;
    bytes_view unsent_;
    io_error send_error_;  // stays: what broke the connection once broke it for good
    // A receive that got less than it asked for has emptied the socket, and epoll(7) promises an
    // edge for whatever comes next; so the next receive waits without asking the socket in vain.
    bool may_be_readable_ = false;
    // The peer has closed: its edge is spent, so a receive must always ask the socket.
    bool is_hung_up_ = false;
    // Only a connection that once had to wait for room is registered for it.
    bool is_registered_for_room_ = false;
};

class [[nodiscard]] receive_awaiter {
public:
    explicit receive_awaiter(connection& peer) : peer_(peer) {}
    [[gnu::always_inline]] bool await_ready() {
        return peer_.may_be_readable_ && peer_.receive_at_once();
    }
    void await_suspend(std::coroutine_handle<> waiter) {
        peer_.give_buffer_back();
        peer_.reader_ = waiter;
    }
    received<bytes_view> await_resume() const {
        if (peer_.received_ < 0) [[unlikely]] {
            return {io_error(static_cast<int>(-peer_.received_)), {}};
        }
        return {io_error(), bytes_view(peer_.buffer(), static_cast<std::size_t>(peer_.received_))};
    }

private:
    connection& peer_;
};

class [[nodiscard]] send_awaiter {
public:
    send_awaiter(connection& peer, bytes_view bytes) : peer_(peer), bytes_(bytes) {}
    [[gnu::always_inline]] bool await_ready() {
        const ssize_t sent = ::send(peer_.fd_.get(), bytes_.data(), bytes_.size(), MSG_NOSIGNAL);
        if (sent == static_cast<ssize_t>(bytes_.size())) [[likely]] {
            return true;
        }
        return peer_.send_rest(bytes_, sent);
    }
    void await_suspend(std::coroutine_handle<> waiter) { peer_.wait_for_room(waiter); }
    outcome await_resume() const { return {peer_.send_error_}; }

private:
    connection& peer_;
    bytes_view bytes_;
};

}  // namespace regatta::epoll
