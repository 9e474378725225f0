#pragma once

#include <coroutine>
#include <utility>

#include "runtimes/support/cancel_scope.hpp"
#include "runtimes/support/coroutine_loop.hpp"

namespace regatta {

/// A coroutine that waits for an event inside a scope: it goes on when that comes or the
/// scope is cancelled, whichever is first.
class scoped_wait final : cancel_entry {
public:
    explicit scoped_wait(coroutine_loop& loop) : loop_(loop) {}

    bool is_waiting() const { return static_cast<bool>(waiter_); }

    /// Where the scope is cancelled already, the coroutine goes on in the next turn.
    void begin(std::coroutine_handle<> waiter) {
        cancel_scope& inside = loop_.scope();
        scope_ = std::exchange(current_scope, nullptr);
        waiter_ = waiter;
        if (inside.is_cancelled()) {
            on_cancel();
        } else {
            inside.enter(*this);
        }
    }

    /// The event has come: the coroutine goes on at once.
    void resume() {
        leave();
        current_scope = scope_;
        std::exchange(waiter_, nullptr).resume();
    }

    /// For the coroutine that goes on: whether it does because of a cancellation.
    bool take_cancellation() {
        if (!std::exchange(is_cancelled_, false)) {
            return false;
        }
        current_scope = scope_;
        return true;
    }

private:
    void on_cancel() noexcept override {
        is_cancelled_ = true;
        loop_.make_ready(std::exchange(waiter_, nullptr));
    }

    coroutine_loop& loop_;
    std::coroutine_handle<> waiter_;
    cancel_scope* scope_ = nullptr;
    bool is_cancelled_ = false;
};

}  // namespace regatta
