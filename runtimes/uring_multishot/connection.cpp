#include "runtimes/uring_multishot/connection.hpp"

#include <algorithm>
#include <cerrno>

namespace regatta::uring::multishot {

void shared::close(int file) {
    io_uring_sqe* const entry = submissions.prepare_unawaited();
    if (has_direct_files) {
        ::io_uring_prep_close_direct(entry, static_cast<unsigned>(file));
    } else {
        ::io_uring_prep_close(entry, file);
    }
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void shared::feed_starved() {
    const std::size_t count = std::min<std::size_t>(starved.size(), buffers.in_kernel());
    for (std::size_t i = 0; i < count; ++i) {
        starved[i]->on_fed();
    }
    starved.erase(starved.begin(), starved.begin() + static_cast<std::ptrdiff_t>(count));
}

void connection::arm() {
    io_uring_sqe* const entry = worker_.submissions.prepare_unawaited();
    ::io_uring_prep_recv_multishot(entry, file_, nullptr, 0, 0);
    entry->user_data = reinterpret_cast<std::uintptr_t>(this) | receive_tag;
    entry->flags |= IOSQE_BUFFER_SELECT | worker_.entry_flags();
    entry->ioprio |= worker_.receive_flags;
    entry->buf_group = lent_buffers::group;
    is_armed_ = true;
    is_cancelled_ = false;
}

void connection::cancel_receive() {
    io_uring_sqe* const entry = worker_.submissions.prepare_unawaited();
    ::io_uring_prep_cancel64(entry, reinterpret_cast<std::uintptr_t>(this) | receive_tag, 0);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    is_cancelled_ = true;
}

void connection::on_received(const io_uring_cqe& completion) {
    if ((completion.flags & IORING_CQE_F_BUFFER) != 0) [[likely]] {
        const unsigned id = completion.flags >> IORING_CQE_BUFFER_SHIFT;
        const std::size_t size = completion.res > 0 ? static_cast<std::size_t>(completion.res) : 0;
        block& pieces = size <= receive_bytes ? worker_.buffers.take(id, size)
                                              : worker_.buffers.take_bundle(id, size);
        if (size == 0 || is_released_) [[unlikely]] {
            worker_.buffers.give_back(pieces);
        } else {
            append(pieces);
        }
    }
    if ((completion.flags & IORING_CQE_F_MORE) == 0) [[unlikely]] {
        on_last_completion(completion.res);
        if (is_released_) {
            close_and_free();
            return;
        }
    } else if (queued_ > queue_limit && !is_cancelled_) [[unlikely]] {
        cancel_receive();
    }
    if (is_ready()) {
        resume_reader();
    }
}

void connection::resume_reader() {
    if (reader_) [[likely]] {
        std::exchange(reader_, nullptr).resume();
    } else if (reading_.is_waiting()) {
        reading_.resume();
    }
}

void connection::on_last_completion(int result) {
    is_armed_ = false;
    if (is_released_) {
        return;
    }
    const bool is_awaited = has_reader() && !is_ready();
    if (result == -ENOBUFS) {
        // A session that has not asked for more gets none: its peer would else fill the memory.
        if (is_awaited) {
            is_starved_ = true;
            worker_.starved.push_back(this);
        }
    } else if (result > 0 || result == -ECANCELED || result == -EINTR || result == -EAGAIN) {
        // The kernel ended it for reasons of its own, or because the queue is long: it is armed
        // again when the session asks for more than is queued.
        if (is_awaited) {
            arm();
        }
    } else {
        has_ended_ = true;
        error_ = -result;
    }
}

void connection::append(block& pieces) {
    (first_ == nullptr ? first_ : last_->next) = &pieces;
    last_ = &pieces;
    ++queued_;
    while (last_->next != nullptr) {
        last_ = last_->next;
        ++queued_;
    }
}

received<lent_bytes> connection::take() {
    // Bytes that came after a cancellation are for the next receive.
    if (reading_.take_cancellation()) [[unlikely]] {
        return {io_error(ECANCELED), {}};
    }
    if (first_ == nullptr) [[unlikely]] {
        return {io_error(error_), {}};
    }
    block& piece = *std::exchange(first_, first_->next);
    --queued_;
    return {io_error(), lent_bytes(worker_.buffers, piece)};
}

void connection::shut_down(int how) {
    io_uring_sqe* const entry = worker_.submissions.prepare_unawaited();
    ::io_uring_prep_shutdown(entry, file_, how);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS | worker_.entry_flags();
    if (how == SHUT_RDWR) {
        // The kernel would hold on to the bytes of a zero-copy send until the peer has taken them.
        io_uring_sqe* const reset = worker_.submissions.prepare_unawaited();
        ::io_uring_prep_connect(reset, file_, &nobody, sizeof nobody);
        reset->flags |= IOSQE_CQE_SKIP_SUCCESS | worker_.entry_flags();
    }
}

void connection::release() {
    is_released_ = true;
    home.remove(*this);
    while (first_ != nullptr) {
        worker_.buffers.give_back(*std::exchange(first_, first_->next));
    }
    if (is_starved_) {
        std::erase(worker_.starved, this);
    }
    if (!is_armed_) {
        close_and_free();
    } else if (!is_cancelled_) {
        cancel_receive();
    }
}

void connection::close_and_free() {
    worker_.close(file_);
    delete this;
}

}  // namespace regatta::uring::multishot
