#pragma once

#include <mutex>

#include "runtimes/outcome.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/thread/futex.hpp"
#include "runtimes/thread/parked.hpp"

namespace regatta::threads {

/// Ends the waits of many threads at once: those of a group or of a whole worker, and of the groups
/// inside. For any thread. A thread that polls watches the descriptor, one that sleeps waits on the
/// futex, one that is parked is in the list.
class interruption : public wait_list<interruption>::node {
public:
    /// One inside `outer`, or one of its own. Throws std::system_error when there is no descriptor
    /// left.
    explicit interruption(interruption* outer);
    ~interruption();
    interruption(const interruption&) = delete;
    interruption& operator=(const interruption&) = delete;

    void interrupt() noexcept;
    bool is_interrupted() const { return state_.load() != 0; }
    /// Readable once interrupted.
    int fd() const { return interrupted_.fd(); }
    /// True at `until`; false when interrupted before.
    bool sleep(steady_time until) const { return !state_.wait(0, until); }

    /// interrupt() cancels `self` until it leaves; false when interrupted already.
    bool enter(parked& self);
    void leave(parked& self);

private:
    interruption* outer_;
    wake_event interrupted_;
    futex state_;
    std::mutex mutex_;  // an outer one's is taken before an inner one's
    wait_list<parked> parked_;
    wait_list<interruption> inner_;
};

/// Where a thread waits: what interrupts it, and the earliest of the deadlines around it. A
/// deadline needs no timer: each wait ends by itself.
class scope {
public:
    explicit scope(interruption& by, steady_time due = steady_time::max()) : by_(by), due_(due) {}
    /// Inside `outer`, with a deadline.
    scope(const scope& outer, steady_time due) : by_(outer.by_), due_(std::min(due, outer.due_)) {}

    interruption& interrupted_by() const { return by_; }
    steady_time due() const { return due_; }
    bool is_cancelled() const {
        return by_.is_interrupted() ||
               (due_ != steady_time::max() && std::chrono::steady_clock::now() >= due_);
    }

    /// Waits until `fd` has one of `events` (as poll(2) takes them). Error ECANCELED; not where the
    /// descriptor is ready all the same.
    io_error wait_for(int fd, short events) const;
    /// Error ECANCELED when it ends before `until`.
    io_error sleep(steady_time until) const;
    /// Parks the calling thread, which `entered` by_; whether it was woken.
    bool wait(parked& self) const;

private:
    interruption& by_;
    steady_time due_;
};

/// The scope of the task that runs on this thread; null outside of every group and deadline.
inline constinit thread_local const scope* current_scope = nullptr;

/// Makes `inner` the thread's scope for the length of a block.
class enter_scope {
public:
    explicit enter_scope(const scope& inner) : outer_(std::exchange(current_scope, &inner)) {}
    ~enter_scope() { current_scope = outer_; }
    enter_scope(const enter_scope&) = delete;
    enter_scope& operator=(const enter_scope&) = delete;

private:
    const scope* outer_;
};

}  // namespace regatta::threads
