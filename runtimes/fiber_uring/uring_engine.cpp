#include "runtimes/fiber_uring/uring_engine.hpp"

#include <poll.h>

namespace regatta::fibers {

uring_engine::uring_engine(unsigned entries) : ring_({entries}, notes_) {
    watch_mail();
}

void uring_engine::watch_mail() {
    ::io_uring_prep_poll_add(prepare(mailing_), mail_.fd(), POLLIN);
}

void uring_engine::poll(std::optional<std::chrono::nanoseconds> longest) noexcept {
    ring_.enter(longest);
    bool has_mail = false;
    ring_.reap([&](const io_uring_cqe& completion) {
        if (auto* const target = static_cast<operation*>(::io_uring_cqe_get_data(&completion))) {
            target->result = completion.res;
            target->flags = completion.flags;
            make_ready(target->waiter);
            has_mail = has_mail || target == &mailing_;
        }
    });
    if (has_mail) {
        on_mail();
    }
}

void uring_engine::on_mail() {
    mail_.take();
    watch_mail();
    if (mail_.is_stopping() && accepting_.waiter != nullptr) {
        ::io_uring_prep_cancel(ring_.prepare_unawaited(), &accepting_, 0);
    }
}

int uring_engine::accept(int listener) {
    if (mail_.is_stopping()) {
        return -ECANCELED;
    }
    if (listener_ != listener) {
        listener_ = listener;
        uring::make_blocking(listener);
    }
    ::io_uring_prep_accept(prepare(accepting_), listener, nullptr, nullptr, SOCK_CLOEXEC);
    await(accepting_);
    return accepting_.result;
}

received<bytes_view> uring_engine::connection::receive() {
    if (is_scope_cancelled()) {
        return {io_error(ECANCELED), {}};
    }
    operation receiving;
    io_uring_sqe* const entry = engine_.prepare(receiving);
    ::io_uring_prep_recv(entry, fd_.get(), buffer_, receive_bytes, 0);
    // Usually nothing is there yet: do not try in vain (Linux 5.19).
    entry->ioprio |= has_more_ ? 0 : IORING_RECVSEND_POLL_FIRST;
    engine_.await(receiving);
    if (receiving.result < 0) {
        return {io_error(-receiving.result), {}};
    }
    has_more_ = (receiving.flags & IORING_CQE_F_SOCK_NONEMPTY) != 0;
    return {io_error(), bytes_view(buffer_, static_cast<std::size_t>(receiving.result))};
}

io_error uring_engine::connection::send(bytes_view bytes) {
    if (is_scope_cancelled()) {
        return io_error(ECANCELED);
    }
    operation sending;
    // With MSG_WAITALL the kernel itself goes on after a partial send (Linux 5.19).
    ::io_uring_prep_send(engine_.prepare(sending), fd_.get(), bytes.data(), bytes.size(),
                         MSG_NOSIGNAL | MSG_WAITALL);
    const bool was_cancelled = engine_.await(sending);
    if (sending.result < 0) {
        return io_error(-sending.result);
    }
    const bool is_whole = static_cast<std::size_t>(sending.result) == bytes.size();
    return io_error(is_whole ? 0 : was_cancelled ? ECANCELED : EPIPE);
}

void uring_engine::scoped_operation::on_cancel() noexcept {
    is_cancelled_ = true;
    ::io_uring_prep_cancel(engine_.ring_.prepare_unawaited(), &target_, 0);
}

io_error uring_engine::connect(const endpoint& where, cancel_scope& inside,
                               std::unique_ptr<connection>& into) {
    unique_fd socket(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) {
        return io_error(errno);
    }
    set_no_delay(socket.get());
    operation connecting;
    ::io_uring_prep_connect(prepare(connecting), socket.get(), where.address(), where.length());
    scoped_operation(*this, connecting).await(inside);
    if (connecting.result < 0) {
        return io_error(-connecting.result);
    }
    into = std::make_unique<connection>(*this, std::move(socket));
    return io_error();
}

}  // namespace regatta::fibers
