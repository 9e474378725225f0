#pragma once

#include <chrono>

#include "runtimes/support/timer_heap.hpp"

namespace regatta {

/// Something that happens at a time. Lives in the waiter's own frame or stack.
class timed : public timer<timed*> {
public:
    /// Called by the queue: it is due, and no longer in the queue.
    virtual void on_due() noexcept = 0;

protected:
    timed() { waiter = this; }
    ~timed() = default;
};

/// What is to happen on one worker.
class timer_queue {
public:
    bool empty() const { return heap_.empty(); }
    /// Of the first one, where there is one.
    steady_time first_due() const { return heap_.first().due; }

    void add(timed& entry) { heap_.add(entry); }
    void remove(timed& entry) { heap_.remove(entry); }

    /// Lets happen what is due, the first `due_per_turn` of it: the loop serves its engine between
    /// two calls, so that what comes meanwhile does not wait for all of them.
    void run_due() {
        if (heap_.empty()) {
            return;
        }
        const steady_time now = std::chrono::steady_clock::now();
        for (int count = 0; count < due_per_turn && !heap_.empty() && heap_.first().due <= now;
             ++count) {
            heap_.take_first().waiter->on_due();
        }
    }

private:
    static constexpr int due_per_turn = 16;

    timer_heap<timed*> heap_;
};

}  // namespace regatta
