#pragma once

#include <cerrno>
#include <cstdint>
#include <utility>

#include "runtimes/support/cancel_scope.hpp"
#include "runtimes/support/coroutine_loop.hpp"
#include "runtimes/support/uring/ring.hpp"

namespace regatta::uring {

/// An operation that the kernel has in hand while its task waits inside a scope. Cancelling the
/// scope asks the kernel to cancel the operation; the task goes on when that has completed, with
/// what it gave: an operation that was quicker has its result.
class scoped_operation final : cancel_entry {
public:
    scoped_operation(ring& submissions, coroutine_loop& loop) : ring_(submissions), loop_(loop) {}

    /// For zero-copy sends, which the kernel holds on to until the peer has taken all: a
    /// cancellation then resets the connection as well. `entry_flags` says what `file` is.
    void reset_when_cancelled(int file, std::uint8_t entry_flags) {
        reset_file_ = file;
        reset_flags_ = entry_flags;
    }

    /// Before `target` is submitted, by its waiter; false when it need not be, because the scope is
    /// cancelled already: the waiter then goes on in the next turn.
    bool begin(operation& target) {
        cancel_scope& inside = loop_.scope();
        scope_ = std::exchange(current_scope, nullptr);
        target_ = &target;
        is_cancelled_ = inside.is_cancelled();
        if (is_cancelled_) {
            target.result = -ECANCELED;
            loop_.make_ready(target.waiter);
            return false;
        }
        inside.enter(*this);
        return true;
    }
    bool has_begun() const { return target_ != nullptr; }

    /// When the waiter goes on; whether its scope was cancelled meanwhile.
    bool end() {
        leave();
        current_scope = scope_;
        target_ = nullptr;
        return is_cancelled_;
    }

    void on_cancel() noexcept override {
        is_cancelled_ = true;
        ::io_uring_prep_cancel(ring_.prepare_unawaited(), target_, 0);
        if (reset_file_ >= 0) {
            io_uring_sqe* const reset = ring_.prepare_unawaited();
            ::io_uring_prep_connect(reset, reset_file_, &nobody, sizeof nobody);
            reset->flags |= reset_flags_;
        }
    }

private:
    ring& ring_;
    coroutine_loop& loop_;
    operation* target_ = nullptr;
    cancel_scope* scope_ = nullptr;
    int reset_file_ = -1;
    std::uint8_t reset_flags_ = 0;
    bool is_cancelled_ = false;
};

}  // namespace regatta::uring
