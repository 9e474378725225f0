#include "runtimes/epoll/connection.hpp"

namespace regatta::epoll {

void connection::on_unusual_event(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0 && writer_ && send_rest(unsent_, 0)) {
        std::exchange(writer_, nullptr).resume();
    }
    if (!fd_ || (events & ~std::uint32_t{EPOLLOUT}) == 0) {
        return;
    }
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        is_hung_up_ = true;
        may_be_readable_ = true;
    }
    on_readable();
}

bool connection::take_unusual(ssize_t got) {
    while (got < 0 && errno == EINTR) {
        got = ::recv(fd_.get(), buffer(), receive_bytes, 0);
    }
    received_ = got < 0 ? -errno : got;
    if (received_ == -EAGAIN) {
        may_be_readable_ = false;
        return false;
    }
    if (got == static_cast<ssize_t>(receive_bytes)) {
        may_be_readable_ = true;
    }
    return true;
}

void connection::give_kept_back() {
    buffers_.give_back(std::exchange(kept_, nullptr));
}

void connection::keep_buffer() {
    kept_ = buffers_.keep_current();
}

bool connection::receive_at_once() {
    if (kept_ == nullptr) {
        keep_buffer();
    }
    may_be_readable_ = is_hung_up_;
    return take(::recv(fd_.get(), kept_, receive_bytes, 0));
}

bool connection::send_rest(bytes_view bytes, ssize_t sent) {
    unsent_ = bytes;
    for (;;) {
        if (sent >= 0) {
            unsent_ = unsent_.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            return false;
        } else if (errno != EINTR) {
            send_error_ = io_error(errno);
            return true;
        }
        if (unsent_.empty()) {
            return true;
        }
        sent = ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    }
}

void connection::wait_for_room(std::coroutine_handle<> writer) {
    writer_ = writer;
    if (!std::exchange(is_registered_for_room_, true)) {
        epoll_event event{events_at_first | EPOLLOUT, {.ptr = this}};
        check(::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_.get(), &event), "epoll_ctl");
    }
}

}  // namespace regatta::epoll
