#include "runtimes/fiber/epoll_engine.hpp"

#include <sys/epoll.h>

#include <array>

#include "runtimes/support/connecting.hpp"
#include "runtimes/support/fiber/waits.hpp"

namespace regatta::fibers {
namespace {

constexpr int events_per_poll = 256;

}  // namespace

epoll_engine::epoll_engine() : epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    epoll_event event{EPOLLIN, {.ptr = nullptr}};
    check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, mail_.fd(), &event), "epoll_ctl");
}

void epoll_engine::watch(int fd, waitable& entry) {
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &entry}};
    check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

void epoll_engine::poll(std::optional<std::chrono::nanoseconds> longest) noexcept {
    timespec timeout{};
    if (longest) {
        timeout = {longest->count() / 1'000'000'000, longest->count() % 1'000'000'000};
    }
    std::array<epoll_event, events_per_poll> events;
    const int count = ::epoll_pwait2(epoll_.get(), events.data(), events_per_poll,
                                     longest ? &timeout : nullptr, nullptr);
    for (int i = 0; i < count; ++i) {
        if (events[i].data.ptr == nullptr) {
            on_mail();
            continue;
        }
        auto& entry = *static_cast<waitable*>(events[i].data.ptr);
        const std::uint32_t mask = events[i].events;
        if ((mask & EPOLLOUT) != 0) {
            make_ready(entry.writer);
        }
        if ((mask & ~std::uint32_t{EPOLLOUT}) != 0) {
            entry.may_be_readable = true;
            entry.is_hung_up = entry.is_hung_up || (mask & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
            make_ready(entry.reader);
        }
    }
}

void epoll_engine::on_mail() noexcept {
    mail_.take();
    if (mail_.is_stopping()) {
        make_ready(arrivals_.reader);
    }
}

int epoll_engine::accept(int listener) {
    if (listener_ != listener) {
        listener_ = listener;
        watch(listener, arrivals_);
    }
    while (!mail_.is_stopping()) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 || errno != EAGAIN) {
            return fd >= 0 ? fd : -errno;
        }
        park(arrivals_.reader);
    }
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener, nullptr);
    return -ECANCELED;
}

epoll_engine::connection::connection(epoll_engine& engine, unique_fd fd)
    : engine_(engine), fd_(std::move(fd)) {
    engine.watch(fd_.get(), events_);
}

received<bytes_view> epoll_engine::connection::receive() {
    for (;;) {
        if (!events_.may_be_readable) {
            give_buffer_back();
            if (!wait(events_.reader)) {
                return {io_error(ECANCELED), {}};
            }
        }
        if (buffer_ == nullptr) {
            buffer_ = engine_.buffers_.keep_current();
        }
        const ssize_t got = ::recv(fd_.get(), buffer_, receive_bytes, 0);
        if (got >= 0) {
            const auto size = static_cast<std::size_t>(got);
            events_.may_be_readable = size == receive_bytes || events_.is_hung_up;
            return {io_error(), bytes_view(buffer_, size)};
        }
        if (errno == EAGAIN) {
            events_.may_be_readable = false;
        } else if (errno != EINTR) {
            return {io_error(errno), {}};
        }
    }
}

io_error epoll_engine::connection::send(bytes_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            if (!wait(events_.writer)) {
                return io_error(ECANCELED);
            }
        } else if (errno != EINTR) {
            return io_error(errno);
        }
    }
    return io_error();
}

io_error epoll_engine::connection::wait_for_connection(cancel_scope& inside) {
    if (!scoped_parking(events_.writer).wait(inside)) {
        return io_error(ECANCELED);
    }
    return io_error(socket_error(fd_.get()));
}

io_error epoll_engine::connect(const endpoint& where, cancel_scope& inside,
                               std::unique_ptr<connection>& into) {
    started_connect started = start_connect(where);
    if (started.error != 0) {
        return io_error(started.error);
    }
    into = std::make_unique<connection>(*this, std::move(started.socket));
    return started.is_in_progress ? into->wait_for_connection(inside) : io_error();
}

}  // namespace regatta::fibers
