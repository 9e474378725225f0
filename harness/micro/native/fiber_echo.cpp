// The control for the runtime `fiber`: Boost.Fiber with its own round-robin scheduler. The thread's
// main fiber waits in epoll, wakes the fibers that can go on, and yields to them.
#include <sys/epoll.h>

#include <boost/fiber/all.hpp>
#include <cerrno>
#include <memory>
#include <utility>

#include "harness/micro/native/control.hpp"

namespace {

using boost::fibers::context;

struct connection {
    int fd;
    context* waiter = nullptr;
    bool is_readable = false;  // an edge came, also while nobody waited, and not all was received
    bool is_ending = false;    // the end of the stream stands behind what was received
    char buffer[control::receive_bytes];
};

int epoll = -1;
std::uint64_t bytes_received_total = 0;

void watch(int operation, int fd, std::uint32_t events, void* source) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = source;
    if (::epoll_ctl(epoll, operation, fd, &event) != 0) {
        control::fail("epoll_ctl");
    }
}

void wait(connection& peer) {
    peer.waiter = context::active();
    peer.waiter->suspend();
}

bool send_all(connection& peer, std::size_t count) {
    for (std::size_t begin = 0; begin != count;) {
        const ssize_t sent = ::send(peer.fd, peer.buffer + begin, count - begin, MSG_NOSIGNAL);
        if (sent >= 0) {
            begin += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN) {
            wait(peer);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

// Edge-triggered: a receive that did not fill the buffer has emptied the socket, so the next waits
// for the edge of what comes after it; unless the end of the stream has come, which has no other.
void echo(int fd) {
    const std::unique_ptr<connection> peer(new connection);
    peer->fd = fd;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, peer.get());
    std::uint64_t bytes_received = 0;
    for (;;) {
        if (!peer->is_readable) {
            wait(*peer);
            continue;
        }
        const ssize_t got = ::recv(fd, peer->buffer, sizeof peer->buffer, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            peer->is_readable = false;
            continue;
        }
        if (got <= 0) {
            break;
        }
        peer->is_readable = got == static_cast<ssize_t>(sizeof peer->buffer) || peer->is_ending;
        bytes_received += static_cast<std::uint64_t>(got);
        if (!send_all(*peer, static_cast<std::size_t>(got))) {
            break;
        }
    }
    bytes_received_total += bytes_received;
    ::close(fd);
}

void on_event(connection& peer, std::uint32_t events) {
    constexpr std::uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    peer.is_ending = peer.is_ending || (events & ends) != 0;
    peer.is_readable = peer.is_readable || (events & (EPOLLIN | ends)) != 0;
    if (peer.waiter != nullptr) {
        context::active()->schedule(std::exchange(peer.waiter, nullptr));
    }
}

void accept(int listener) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        boost::fibers::fiber(std::allocator_arg, boost::fibers::fixedsize_stack(64 << 10), echo, fd)
            .detach();
    }
}

void run(int listener, int stop) {
    epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        control::fail("epoll_create1");
    }
    int is_stop = 0;
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, nullptr);
    watch(EPOLL_CTL_ADD, stop, EPOLLIN, &is_stop);
    epoll_event events[64];
    for (;;) {
        const int count = ::epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < count; ++i) {
            void* const source = events[i].data.ptr;
            if (source == &is_stop) {
                control::report_done(bytes_received_total);
                ::_exit(0);  // fibers may still wait
            }
            if (source == nullptr) {
                accept(listener);
            } else {
                on_event(*static_cast<connection*>(source), events[i].events);
            }
        }
        boost::this_fiber::yield();
    }
}

}  // namespace

int main() {
    return control::serve(run, bytes_received_total);
}
