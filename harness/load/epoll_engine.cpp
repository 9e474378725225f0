#include "harness/load/epoll_engine.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "harness/load/clock.hpp"
#include "harness/load/failure.hpp"

namespace regatta::load {
namespace {

constexpr std::size_t read_bytes = 64 << 10;
constexpr int events_max = 64;

[[noreturn]] void refuse(const char* call) {
    throw failure(failure::kind::machine_cannot, std::string(call) + ": " + std::strerror(errno));
}

}  // namespace

epoll_engine::epoll_engine(std::span<const int> sockets)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(read_bytes) {
    if (!epoll_) {
        refuse("epoll_create1");
    }
    peers_.reserve(sockets.size());
    queued_.reserve(sockets.size());
    for (const int fd : sockets) {
        peers_.push_back({fd, {}});
        watch(static_cast<connection_id>(peers_.size() - 1));
    }
}

void epoll_engine::watch(connection_id id) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = id;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, peers_[id].fd, &event) != 0) {
        refuse("epoll_ctl");
    }
}

void epoll_engine::send(connection_id id, bytes_view bytes) {
    peers_[id].outgoing = bytes;
    queued_.push_back(id);
}

void epoll_engine::send_anew(connection_id id, bytes_view bytes) {
    peers_[id].is_anew = true;
    send(id, bytes);
}

// The old socket has left the epoll instance when it was closed.
void epoll_engine::renew(engine_events& events, connection_id id) {
    events.sending(id, now_ns());
    const int fd = events.open(id);
    peers_[id].is_anew = false;
    if (fd < 0) {
        events.lost(id, -fd, now_ns());
        return;
    }
    peers_[id] = {fd, peers_[id].outgoing};
    watch(id);
    push(events, id);
}

void epoll_engine::close(connection_id id) {
    peers_[id].is_open = false;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, peers_[id].fd, nullptr);
    ::shutdown(peers_[id].fd, SHUT_RDWR);
}

void epoll_engine::wait(engine_events& events, std::uint64_t deadline_ns) {
    // sent() may queue the next send of the same connection, so the vector grows as it is walked.
    for (std::size_t i = 0; i < queued_.size(); ++i) {
        const connection_id id = queued_[i];
        if (peers_[id].is_anew) {
            renew(events, id);
        } else if (peers_[id].is_open) {
            events.sending(id, now_ns());
            push(events, id);
        }
    }
    queued_.clear();

    std::array<epoll_event, events_max> ready;
    const std::uint64_t before = now_ns();
    const timespec left = to_timespec(deadline_ns > before ? deadline_ns - before : 0);
    const int count = epoll_pwait2(epoll_.get(), ready.data(), events_max, &left, nullptr);
    if (count < 0 && errno != EINTR) {
        refuse("epoll_pwait2");
    }
    for (int i = 0; i < count; ++i) {
        const auto& event = ready[static_cast<std::size_t>(i)];
        const connection_id id = event.data.u32;
        if (peers_[id].is_open && (event.events & EPOLLOUT) != 0) {
            push(events, id);
        }
        if (peers_[id].is_open && (event.events & ~EPOLLOUT) != 0) {
            pull(events, id);
        }
    }
}

void epoll_engine::push(engine_events& events, connection_id id) {
    peer& to = peers_[id];
    const auto taken = ::send(to.fd, to.outgoing.data(), to.outgoing.size(), MSG_NOSIGNAL);
    if (taken < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            watch_for_room(id, true);
        } else {
            lose(events, id, errno);
        }
        return;
    }
    const auto bytes = static_cast<std::size_t>(taken);
    to.outgoing = to.outgoing.subspan(bytes);
    watch_for_room(id, !to.outgoing.empty());
    events.sent(id, bytes);
}

void epoll_engine::pull(engine_events& events, connection_id id) {
    const auto got = ::recv(peers_[id].fd, buffer_.data(), buffer_.size(), 0);
    if (got > 0) {
        events.received(id, bytes_view(buffer_).first(static_cast<std::size_t>(got)), now_ns());
    } else if (got == 0) {
        lose(events, id, 0);
    } else if (errno != EAGAIN && errno != EINTR) {
        lose(events, id, errno);
    }
}

void epoll_engine::watch_for_room(connection_id id, bool wanted) {
    if (peers_[id].waits_for_room == wanted) {
        return;
    }
    peers_[id].waits_for_room = wanted;
    epoll_event event{};
    event.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u32 = id;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, peers_[id].fd, &event) != 0) {
        refuse("epoll_ctl");
    }
}

void epoll_engine::lose(engine_events& events, connection_id id, int error) {
    close(id);
    events.lost(id, error, now_ns());
}

}  // namespace regatta::load
