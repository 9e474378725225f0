#pragma once

#include "runtimes/support/wait_list.hpp"
#include "runtimes/thread/futex.hpp"

namespace regatta::threads {

/// A thread that waits until another wakes it or its wait is cancelled, whichever comes first: the
/// other then is told that it came too late. On the waiting thread's stack.
class parked : public wait_list<parked>::node {
public:
    /// The thread goes on; false when its wait was cancelled before.
    bool wake() { return state_.change(waiting, woken); }
    /// The thread goes on without what it waited for, unless it was woken before.
    void cancel() { state_.change(waiting, cancelled); }

    /// Waits at most until `due`; whether it was woken.
    bool wait(steady_time due) {
        if (!state_.wait(waiting, due)) {
            cancel();
        }
        return state_.load() == woken;
    }

private:
    enum : std::uint32_t { waiting, woken, cancelled };
    futex state_;
};

}  // namespace regatta::threads
