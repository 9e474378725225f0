#include "harness/audit/server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "harness/load/clock.hpp"

namespace regatta::audit {
namespace {

constexpr std::uint64_t stop_id = 0;
constexpr std::uint64_t listener_id = 1;
constexpr std::uint64_t first_peer_id = 2;

int checked(int result, const char* call) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), call);
    }
    return result;
}

void sleep_until(std::uint64_t time_ns) {
    const timespec time = load::to_timespec(time_ns);
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
    }
}

}  // namespace

server::server(const server_model& model)
    : times_(model, load::now_ns()),
      listener_(
          checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket")),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      next_id_(first_peer_id) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const int on = 1;
    // Accepted sockets inherit it: replies leave at once.
    checked(::setsockopt(listener_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    checked(::bind(listener_.get(), generic, length), "bind");
    checked(::listen(listener_.get(), SOMAXCONN), "listen");
    checked(::getsockname(listener_.get(), generic, &length), "getsockname");
    port_ = ntohs(address.sin_port);
    watch(listener_.get(), listener_id, EPOLLIN, EPOLL_CTL_ADD);
    checked(::prctl(PR_SET_TIMERSLACK, 1UL), "prctl");
}

void server::run(int stop_descriptor) {
    watch(stop_descriptor, stop_id, EPOLLIN, EPOLL_CTL_ADD);
    while (serve_once()) {
    }
}

void server::watch(int descriptor, std::uint64_t id, std::uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    checked(::epoll_ctl(epoll_.get(), operation, descriptor, &event), "epoll_ctl");
}

bool server::serve_once() {
    std::array<epoll_event, 256> events;
    timespec timeout{};
    if (!pending_.empty()) {
        const std::uint64_t now = load::now_ns();
        timeout = load::to_timespec(std::max(pending_.front().due_ns, now) - now);
    }
    const int count = ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                     pending_.empty() ? nullptr : &timeout, nullptr);
    if (count < 0 && errno != EINTR) {
        checked(count, "epoll_pwait2");
    }
    std::uint64_t now = load::now_ns();
    if (const auto thaw = times_.thaw_ns(now)) {
        sleep_until(*thaw);
        now = load::now_ns();
    }
    for (int i = 0; i < count; ++i) {
        const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
        if (id == stop_id) {
            return false;
        }
        if (id == listener_id) {
            accept_all();
        } else if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) {
            push(id);
        } else {
            read(id, now);
        }
    }
    send_due(load::now_ns());
    return true;
}

void server::accept_all() {
    for (;;) {
        load::descriptor socket(
            ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) {
            if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) {
                return;  // epoll tells again of those that are left
            }
            checked(-1, "accept4");
        }
        watch(socket.get(), next_id_, EPOLLIN, EPOLL_CTL_ADD);
        peers_.emplace(next_id_++, peer{std::move(socket), {}, {}});
    }
}

void server::read(std::uint64_t id, std::uint64_t now_ns) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) {
        return;
    }
    char chunk[65536];
    const ssize_t count = ::recv(found->second.socket.get(), chunk, sizeof chunk, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    whole_.clear();
    // A client that has closed, or breaks the protocol, is let go with what it is owed.
    if (count <= 0 ||
        !found->second.cutter.feed({chunk, static_cast<std::size_t>(count)}, whole_)) {
        peers_.erase(found);
        return;
    }
    for (const request& asked : whole_) {
        pending_.push_back({times_.due_ns(now_ns), id, asked});
    }
}

void server::send_due(std::uint64_t now_ns) {
    touched_.clear();
    for (; !pending_.empty() && pending_.front().due_ns <= now_ns; pending_.pop_front()) {
        const auto& [due_ns, id, asked] = pending_.front();
        const auto found = peers_.find(id);
        if (found == peers_.end()) {
            continue;
        }
        if (found->second.outgoing.empty()) {
            touched_.push_back(id);
        }
        append_reply(asked, found->second.outgoing);
        lateness_.record(now_ns - due_ns);
        ++requests_;
    }
    for (const std::uint64_t id : touched_) {
        push(id);
    }
}

void server::push(std::uint64_t id) {
    const auto found = peers_.find(id);
    if (found == peers_.end()) {
        return;
    }
    peer& to = found->second;
    while (!to.outgoing.empty()) {
        const ssize_t count =
            ::send(to.socket.get(), to.outgoing.data(), to.outgoing.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            to.outgoing.erase(0, static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            peers_.erase(found);
            return;
        }
    }
    if (const bool is_blocked = !to.outgoing.empty(); is_blocked != to.is_blocked) {
        to.is_blocked = is_blocked;
        const std::uint32_t events = EPOLLIN | (is_blocked ? EPOLLOUT : 0u);
        watch(to.socket.get(), id, events, EPOLL_CTL_MOD);
    }
}

}  // namespace regatta::audit
