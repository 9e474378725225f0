#pragma once

#include <cerrno>
#include <utility>

#include "runtimes/outcome.hpp"
#include "runtimes/support/cancel_scope.hpp"
#include "runtimes/support/fiber/parking.hpp"
#include "runtimes/support/timed.hpp"

/// How fibers wait inside scopes. A fiber that is parked takes its scope with it.
namespace regatta::fibers {

/// A fiber parked in a place that an engine makes ready, until then or until its scope is
/// cancelled.
class scoped_parking final : cancel_entry {
public:
    explicit scoped_parking(context*& place) : place_(place) {}

    /// False when it was cancelled.
    bool wait(cancel_scope& inside) {
        if (inside.is_cancelled()) {
            return false;
        }
        inside.enter(*this);
        park(place_);
        leave();
        return !is_cancelled_;
    }
    void on_cancel() noexcept override {
        // Once ready for another reason it is not cancelled: what it waited for has come.
        is_cancelled_ = place_ != nullptr;
        make_ready(place_);
    }

private:
    context*& place_;
    bool is_cancelled_ = false;
};

/// Parks the calling fiber in `place` until make_ready(place); false when the scope in which it
/// runs, if there is one, was cancelled before.
inline bool wait(context*& place) {
    if (current_scope == nullptr) [[likely]] {
        park(place);
        return true;
    }
    return scoped_parking(place).wait(*current_scope);
}

/// A fiber that waits for a time, and maybe for another fiber.
class pause final : timed, cancel_entry {
public:
    explicit pause(timer_queue& timers) : timers_(timers) {}

    /// Parks the calling fiber until `until` or end().
    void wait(steady_time until) {
        due = until;
        timers_.add(*this);
        park(fiber_);
    }
    /// The same, inside a scope; false when that was cancelled.
    bool wait(steady_time until, cancel_scope& inside) {
        if (inside.is_cancelled()) {
            return false;
        }
        inside.enter(*this);
        wait(until);
        leave();
        return !cancelled;
    }
    /// Ends a wait.
    void end() noexcept {
        if (fiber_ != nullptr) {
            timers_.remove(*this);
            make_ready(fiber_);
        }
    }

    void on_due() noexcept override { make_ready(fiber_); }
    void on_cancel() noexcept override {
        cancelled = fiber_ != nullptr;
        end();
    }

private:
    timer_queue& timers_;
    context* fiber_ = nullptr;
};

/// Cancels a scope after a time, unless it is destroyed before.
class deadline final : timed {
public:
    deadline(timer_queue& timers, steady_time at, cancel_scope& scope)
        : timers_(timers), scope_(scope) {
        due = at;
        timers_.add(*this);
    }
    ~deadline() {
        if (!has_expired_) {
            timers_.remove(*this);
        }
    }
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    bool has_expired() const { return has_expired_; }
    void on_due() noexcept override {
        has_expired_ = true;
        scope_.cancel();
    }

private:
    timer_queue& timers_;
    cancel_scope& scope_;
    bool has_expired_ = false;
};

/// A fiber that waits for others: what `parking_operation` calls `Worker::parked`.
class parked : public cancel_entry {
public:
    /// Makes the fiber ready. Always true: a cancelled one no longer waits in any list.
    bool wake() noexcept {
        leave();
        make_ready(fiber_);
        return true;
    }

protected:
    parked() = default;
    ~parked() = default;
    context* fiber_ = nullptr;
};

/// A fiber parked in `operation` (see parking.hpp).
template <class Operation>
class parked_in final : public parked {
public:
    explicit parked_in(Operation& operation) : operation_(operation) {}

    /// Whether it was cancelled.
    bool wait(cancel_scope& inside) {
        if constexpr (Operation::is_cancellable) {
            inside.enter(*this);
        }
        operation_.enqueue(*this);
        park(fiber_);
        return was_cancelled_;
    }
    void on_cancel() noexcept override {
        was_cancelled_ = true;
        if (operation_.withdraw()) {
            make_ready(fiber_);
        }
    }

private:
    Operation& operation_;
    bool was_cancelled_ = false;
};

}  // namespace regatta::fibers
