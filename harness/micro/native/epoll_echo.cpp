// The control for the runtime `epoll`: one loop, edge-triggered epoll, a callback per event, no
// coroutine. It drains as the runtime does: a receive that got less than it asked for has emptied
// the socket, and epoll(7) promises an edge for whatever comes next; so it asks again only after a
// full buffer, or when the peer has closed, whose edge is spent. As in any server that can be told
// to stop, the loop has a thread of its own and the main thread waits for the signal; the C
// library's calls are a little longer in a process with two threads, so this is part of the
// comparison.
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <memory>
#include <thread>
#include <unordered_map>

#include "harness/micro/native/control.hpp"

namespace {

class server {
public:
    explicit server(int listener)
        : listener_(listener),
          stop_(::eventfd(0, EFD_CLOEXEC)),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (stop_ < 0 || epoll_ < 0) {
            control::fail("eventfd or epoll_create1");
        }
        watch(EPOLL_CTL_ADD, listener_, EPOLLIN, &listener_);
        watch(EPOLL_CTL_ADD, stop_, EPOLLIN, nullptr);
    }

    void run() {
        epoll_event events[64];
        for (;;) {
            const int count = ::epoll_wait(epoll_, events, 64, -1);
            for (int i = 0; i < count; ++i) {
                void* const source = events[i].data.ptr;
                if (source == nullptr) {
                    return;
                }
                if (source == &listener_) {
                    on_accept();
                } else {
                    on_event(*static_cast<connection*>(source), events[i].events);
                }
            }
        }
    }

    /// From any thread: makes run() return.
    void stop() { ::eventfd_write(stop_, 1); }
    std::uint64_t bytes_received() const { return bytes_received_; }

private:
    struct connection {
        int fd;
        std::size_t begin = 0;  // what of the buffer is still to be sent
        std::size_t end = 0;
        bool is_hung_up = false;
        bool is_registered_for_room = false;
        char buffer[control::receive_bytes];
    };

    static constexpr std::uint32_t events_at_first = EPOLLIN | EPOLLRDHUP | EPOLLET;

    void watch(int operation, int fd, std::uint32_t events, void* source) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = source;
        if (::epoll_ctl(epoll_, operation, fd, &event) != 0) {
            control::fail("epoll_ctl");
        }
    }

    void on_accept() {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        control::set_no_delay(fd);
        auto& peer = connections_[fd];
        peer.reset(new connection);
        peer->fd = fd;
        watch(EPOLL_CTL_ADD, fd, events_at_first, peer.get());
    }

    void on_event(connection& peer, std::uint32_t events) {
        if (events != EPOLLIN) [[unlikely]] {
            peer.is_hung_up = peer.is_hung_up || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        }
        // A peer that does not take its replies is not read from either.
        if (peer.begin != peer.end && !send_rest(peer)) [[unlikely]] {
            return;
        }
        for (;;) {
            const ssize_t got = ::recv(peer.fd, peer.buffer, sizeof peer.buffer, 0);
            if (got <= 0) [[unlikely]] {
                if (got < 0 && errno == EINTR) {
                    continue;
                }
                if (got == 0 || errno != EAGAIN) {
                    close(peer);
                }
                return;
            }
            bytes_received_ += static_cast<std::uint64_t>(got);
            peer.begin = 0;
            peer.end = static_cast<std::size_t>(got);
            if (!send_rest(peer)) [[unlikely]] {
                return;
            }
            if (got < static_cast<ssize_t>(sizeof peer.buffer) && !peer.is_hung_up) [[likely]] {
                return;
            }
        }
    }

    // False when there is no room, or the connection is gone.
    bool send_rest(connection& peer) {
        do {
            const ssize_t sent =
                ::send(peer.fd, peer.buffer + peer.begin, peer.end - peer.begin, MSG_NOSIGNAL);
            if (sent >= 0) {
                peer.begin += static_cast<std::size_t>(sent);
            } else if (errno == EAGAIN) {
                register_for_room(peer);
                return false;
            } else if (errno != EINTR) {
                close(peer);
                return false;
            }
        } while (peer.begin != peer.end);
        return true;
    }

    // Once; from then on its edges come too.
    void register_for_room(connection& peer) {
        if (!peer.is_registered_for_room) {
            peer.is_registered_for_room = true;
            watch(EPOLL_CTL_MOD, peer.fd, events_at_first | EPOLLOUT, &peer);
        }
    }

    void close(connection& peer) {
        const int fd = peer.fd;
        ::close(fd);
        connections_.erase(fd);
    }

    int listener_;
    int stop_;
    int epoll_;
    std::uint64_t bytes_received_ = 0;
    std::unordered_map<int, std::unique_ptr<connection>> connections_;
};

}  // namespace

int main() {
    control::raise_descriptor_limit();
    const sigset_t terminate = control::block_sigterm();
    const int listener = control::listen_and_report();
    ::fcntl(listener, F_SETFL, O_NONBLOCK);
    server echo(listener);
    std::thread loop([&] { echo.run(); });
    int signal = 0;
    sigwait(&terminate, &signal);
    echo.stop();
    loop.join();
    control::report_done(echo.bytes_received());
}
