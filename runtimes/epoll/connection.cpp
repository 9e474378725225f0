#include "runtimes/epoll/connection.hpp"

namespace regatta::epoll {

void connection::on_unusual_event(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
        on_writable();
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

void connection::on_writable() {
    if (writer_) {
        if (send_rest(unsent_, 0)) {
            std::exchange(writer_, nullptr).resume();
        }
    } else if (writing_.is_waiting()) {
        send_error_ = io_error();
        if (send_rest(unsent_, 0)) {
            writing_.resume();
        } else {
            send_error_ = io_error(ECANCELED);
        }
    }
}

void connection::on_readable_in_scope() {
    if (!reading_.is_waiting()) {
        may_be_readable_ = true;
    } else if (take(receive_into(buffers_.current()))) {
        reading_.resume();
        if (fd_ && !reader_) {
            keep_buffer();
        }
    }
}

void connection::begin_unusual_wait(std::coroutine_handle<> reader) {
    give_buffer_back();
    if (current_scope == nullptr) {
        reader_ = reader;
        return;
    }
    received_ = -ECANCELED;  // until something better is known
    reading_.begin(reader);
}

void connection::send_in_scope(std::coroutine_handle<> writer) {
    send_error_ = io_error(ECANCELED);
    writing_.begin(writer);
}

io_error connection::failed_receive() {
    return reading_.take_cancellation() ? io_error(ECANCELED)
                                        : io_error(static_cast<int>(-received_));
}

io_error connection::failed_send() {
    if (writing_.take_cancellation()) {
        return std::exchange(send_error_, io_error());
    }
    return send_error_;
}

bool connection::take_unusual() {
    ssize_t got = received_;
    while (got < 0 && errno == EINTR) {
        got = receive_into(data_);
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
    if (reading_.is_waiting() || kept_ != nullptr) {
        return;
    }
    kept_ = buffers_.keep_current();
}

bool connection::receive_at_once() {
    if (kept_ == nullptr) {
        keep_buffer();
    }
    may_be_readable_ = is_hung_up_;
    return take(receive_into(kept_));
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
    if (current_scope == nullptr) {
        writer_ = writer;
    } else {
        send_in_scope(writer);
    }
    register_for_room();
}

void connection::wait_for_connection(std::coroutine_handle<> writer) {
    unsent_ = {};
    send_in_scope(writer);
    register_for_room();
}

void connection::register_for_room() {
    if (!std::exchange(is_registered_for_room_, true)) {
        epoll_event event{events_at_first | EPOLLOUT, {.ptr = this}};
        check(::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_.get(), &event), "epoll_ctl");
    }
}

}  // namespace regatta::epoll
