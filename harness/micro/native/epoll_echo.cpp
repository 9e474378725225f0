// The control for the runtime `epoll`: one loop, level-triggered epoll, a callback per event, no
// coroutine. As in any server that can be told to stop, the loop has a thread of its own and the
// main thread waits for the signal; the C library's calls are a little longer in a process with two
// threads, so this is part of the comparison.
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
                    on_event(*static_cast<connection*>(source));
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
        char buffer[control::receive_bytes];
    };

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
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, peer.get());
    }

    void on_event(connection& peer) {
        const bool was_blocked = peer.begin != peer.end;
        if (!was_blocked) {
            const ssize_t got = ::recv(peer.fd, peer.buffer, sizeof peer.buffer, 0);
            if (got <= 0) {
                if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
                    return;
                }
                return close(peer);
            }
            bytes_received_ += static_cast<std::uint64_t>(got);
            peer.begin = 0;
            peer.end = static_cast<std::size_t>(got);
        }
        send_rest(peer, was_blocked);
    }

    // A peer that does not take its replies is not read from either.
    void send_rest(connection& peer, bool was_blocked) {
        while (peer.begin != peer.end) {
            const ssize_t sent =
                ::send(peer.fd, peer.buffer + peer.begin, peer.end - peer.begin, MSG_NOSIGNAL);
            if (sent >= 0) {
                peer.begin += static_cast<std::size_t>(sent);
            } else if (errno == EAGAIN) {
                if (!was_blocked) {
                    watch(EPOLL_CTL_MOD, peer.fd, EPOLLOUT, &peer);
                }
                return;
            } else if (errno != EINTR) {
                return close(peer);
            }
        }
        if (was_blocked) {
            watch(EPOLL_CTL_MOD, peer.fd, EPOLLIN, &peer);
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
