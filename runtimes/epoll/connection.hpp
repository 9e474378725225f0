#pragma once

#include <sys/epoll.h>

#include <coroutine>

#include "runtimes/runtime.hpp"
#include "runtimes/support/buffer_pool.hpp"
#include "runtimes/support/live_set.hpp"
#include "runtimes/support/scoped_wait.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta::epoll {

/// A socket, who waits for it, and how far its operations are. It is registered once,
/// edge-triggered.
class connection {
public:
    static constexpr std::uint32_t events_at_first = EPOLLIN | EPOLLRDHUP | EPOLLET;

    connection(int epoll, coroutine_loop& loop, unique_fd socket, buffer_pool& pool,
               live_set<connection>& of_its_kind)
        : home(of_its_kind),
          fd_(std::move(socket)),
          epoll_(epoll),
          buffers_(pool),
          reading_(loop),
          writing_(loop) {}
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

    live_set<connection>& home;  ///< the set it is in
    std::size_t place = 0;       ///< live_set's

private:
    friend class receive_awaiter;
    friend class send_awaiter;
    friend class connect_awaiter;

    void on_readable() {
        if (!reader_) [[unlikely]] {
            on_readable_in_scope();
            return;
        }
        if (!take(receive_into(buffers_.current()))) [[unlikely]] {
            return;
        }
        std::exchange(reader_, nullptr).resume();
        if (!reader_ && fd_) [[unlikely]] {
            keep_buffer();
        }
    }
    void on_unusual_event(std::uint32_t events);
    // Nobody waits for bytes, or somebody inside a scope.
    [[gnu::cold, gnu::noinline]] void on_readable_in_scope();
    // `reader` holds a buffer until now, or waits inside a scope.
    [[gnu::cold, gnu::noinline]] void begin_unusual_wait(std::coroutine_handle<> reader);
    void on_writable();
    [[gnu::cold, gnu::noinline]] io_error failed_receive();
    [[gnu::cold, gnu::noinline]] io_error failed_send();

    ssize_t receive_into(std::byte* buffer) {
        data_ = buffer;
        return ::recv(fd_.get(), buffer, receive_bytes, 0);
    }
    // Takes what recv() gave; false when the socket has nothing yet.
    bool take(ssize_t got) {
        received_ = got;
        return (got > 0 && got < static_cast<ssize_t>(receive_bytes)) || take_unusual();
    }
    bool take_unusual();  // what is in received_
    // Asks the socket without waiting for an event first; false when it has nothing yet.
    bool receive_at_once();

    // Sends what is left of `bytes` after a send() that gave `sent`; false when there is no room.
    [[gnu::cold, gnu::noinline]] bool send_rest(bytes_view bytes, ssize_t sent);
    void wait_for_room(std::coroutine_handle<> writer);
    void wait_for_connection(std::coroutine_handle<> writer);
    void send_in_scope(std::coroutine_handle<> writer);
    void register_for_room();

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
    std::byte* data_ = nullptr;  // where the last receive put bytes
    ssize_t received_ = 0;       // what it gave: their number, or -errno
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
    // Who waits inside a scope, instead of reader_ and writer_: so that a session without groups
    // and deadlines pays one test for them, when it begins to wait.
    scoped_wait reading_;
    scoped_wait writing_;
};

class [[nodiscard]] receive_awaiter {
public:
    explicit receive_awaiter(connection& peer) : peer_(peer) {}
    [[gnu::always_inline]] bool await_ready() {
        return peer_.may_be_readable_ && peer_.receive_at_once();
    }
    [[gnu::always_inline]] void await_suspend(std::coroutine_handle<> waiter) {
        // One call for all that is rare, and nothing after it: the session then needs no register
        // that survives it.
        if (peer_.kept_ != nullptr || current_scope != nullptr) [[unlikely]] {
            peer_.begin_unusual_wait(waiter);
        } else {
            peer_.reader_ = waiter;
        }
    }
    received<bytes_view> await_resume() const {
        if (peer_.received_ < 0) [[unlikely]] {
            return {peer_.failed_receive(), {}};
        }
        return {io_error(), bytes_view(peer_.data_, static_cast<std::size_t>(peer_.received_))};
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
    outcome await_resume() const {
        if (peer_.send_error_) [[unlikely]] {
            return {peer_.failed_send()};
        }
        return {};
    }

private:
    connection& peer_;
    bytes_view bytes_;
};

/// Waits until a connect() in progress is over.
class [[nodiscard]] connect_awaiter {
public:
    explicit connect_awaiter(connection& peer) : peer_(peer) {}
    static constexpr bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) { peer_.wait_for_connection(waiter); }
    io_error await_resume() const {
        return peer_.send_error_ ? peer_.failed_send() : io_error(socket_error(peer_.descriptor()));
    }

private:
    connection& peer_;
};

}  // namespace regatta::epoll
