// The control for the shared source on the runtime `epoll`: the same model, a coroutine per
// connection on an edge-triggered epoll loop, written by hand for echo alone. It drains as the
// runtime does: a receive that got less than it asked for has emptied the socket, and epoll(7)
// promises an edge for whatever comes next; so it waits then without asking the socket in vain. As
// in any server that can be told to stop, the loop has a thread of its own and the main thread
// waits for the signal.
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <coroutine>
#include <cstddef>
#include <thread>

#include "harness/micro/native/control.hpp"

namespace {

int epoll = -1;
std::uint64_t bytes_received_total = 0;

constexpr std::uint32_t events_at_first = EPOLLIN | EPOLLRDHUP | EPOLLET;

struct connection {
    int fd;
    bool may_be_readable = false;
    bool is_hung_up = false;  // its edge is spent: a receive must always ask the socket
    bool is_registered_for_room = false;
    std::coroutine_handle<> waiter;
    char buffer[control::receive_bytes];
};

// Runs until its end without being awaited; then its frame is gone.
struct session {
    struct promise_type {
        session get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::abort(); }
    };
};

void watch(int operation, int fd, std::uint32_t events, void* source) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = source;
    if (::epoll_ctl(epoll, operation, fd, &event) != 0) {
        control::fail("epoll_ctl");
    }
}

// Suspends until the socket may be readable, then receives.
struct receive {
    connection& peer;
    bool await_ready() {
        if (!peer.may_be_readable) [[likely]] {
            return false;
        }
        peer.may_be_readable = peer.is_hung_up;
        return true;
    }
    void await_suspend(std::coroutine_handle<> waiter) { peer.waiter = waiter; }
    ssize_t await_resume() const { return ::recv(peer.fd, peer.buffer, sizeof peer.buffer, 0); }
};

// Sends; suspends only while the socket has no room.
struct send {
    connection& peer;
    const char* bytes;
    std::size_t count;

    bool await_ready() {
        const ssize_t sent = ::send(peer.fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0) {
            return errno != EAGAIN;
        }
        bytes += sent;
        count -= static_cast<std::size_t>(sent);
        return count == 0;
    }
    void await_suspend(std::coroutine_handle<> waiter) {
        peer.waiter = waiter;
        peer.may_be_readable = true;  // an edge that comes meanwhile is not kept
        if (!peer.is_registered_for_room) {
            peer.is_registered_for_room = true;
            watch(EPOLL_CTL_MOD, peer.fd, events_at_first | EPOLLOUT, &peer);
        }
    }
    // How many bytes are still to be sent.
    std::size_t await_resume() const { return count; }
};

session echo(connection* peer) {
    std::uint64_t bytes_received = 0;
    for (;;) {
        const ssize_t got = co_await receive{*peer};
        if (got <= 0) {
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
                peer->may_be_readable = errno == EINTR;
                continue;
            }
            break;
        }
        if (got == static_cast<ssize_t>(sizeof peer->buffer)) [[unlikely]] {
            peer->may_be_readable = true;
        }
        bytes_received += static_cast<std::uint64_t>(got);
        std::size_t rest = co_await send{*peer, peer->buffer, static_cast<std::size_t>(got)};
        if (rest != 0) {
            bool is_broken = false;
            while (rest != 0 && !is_broken) {
                const char* const from = peer->buffer + got - rest;
                const std::size_t before = rest;
                rest = co_await send{*peer, from, rest};
                is_broken = rest == before && errno != EAGAIN;
            }
            if (is_broken) {
                break;
            }
        }
    }
    bytes_received_total += bytes_received;
    ::close(peer->fd);
    delete peer;
}

void accept(int listener) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    control::set_no_delay(fd);
    auto* const peer = new connection;
    peer->fd = fd;
    watch(EPOLL_CTL_ADD, fd, events_at_first, peer);
    echo(peer);
}

// What a coroutine waits for in vain it asks again for.
void on_event(connection& peer, std::uint32_t happened) {
    if (happened != EPOLLIN) [[unlikely]] {
        if ((happened & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
            peer.is_hung_up = true;
            peer.may_be_readable = true;
        }
    }
    peer.waiter.resume();
}

void run(int listener) {
    epoll_event events[64];
    for (;;) {
        const int count = ::epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < count; ++i) {
            void* const source = events[i].data.ptr;
            if (source == nullptr) {
                return;
            }
            if (source == &epoll) {
                accept(listener);
            } else {
                on_event(*static_cast<connection*>(source), events[i].events);
            }
        }
    }
}

}  // namespace

int main() {
    control::raise_descriptor_limit();
    const sigset_t terminate = control::block_sigterm();
    const int listener = control::listen_and_report();
    ::fcntl(listener, F_SETFL, O_NONBLOCK);
    const int stop = ::eventfd(0, EFD_CLOEXEC);
    epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (stop < 0 || epoll < 0) {
        control::fail("eventfd or epoll_create1");
    }
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, &epoll);
    watch(EPOLL_CTL_ADD, stop, EPOLLIN, nullptr);
    std::thread loop(run, listener);
    int signal = 0;
    sigwait(&terminate, &signal);
    ::eventfd_write(stop, 1);
    loop.join();
    control::report_done(bytes_received_total);
}
