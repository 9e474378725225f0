#pragma once

#include <cerrno>
#include <cstddef>
#include <mutex>

#include "runtimes/outcome.hpp"
#include "runtimes/support/parking.hpp"
#include "runtimes/support/wait_list.hpp"

namespace regatta {

/// `count` permits shared by the tasks of one worker (thread: by its threads), given in the order
/// in which they were asked for. Must outlive the waits on it.
template <class Worker>
class semaphore {
    using mutex_type = typename Worker::mutex;

    class acquire_operation : public wait_list<acquire_operation>::node {
    public:
        static constexpr bool is_cancellable = true;

        explicit acquire_operation(semaphore& of) : permits_(of) {}
        mutex_type& mutex() { return permits_.mutex_; }
        // A permit that is free while somebody waits does not exist: release() hands it on.
        bool attempt() {
            if (permits_.free_ == 0) {
                return false;
            }
            --permits_.free_;
            return true;
        }
        void enqueue(typename Worker::parked& task) {
            task_ = &task;
            permits_.waiting_.push_back(*this);
        }
        bool withdraw() {
            permits_.waiting_.remove(*this);
            return true;
        }
        outcome result(bool was_cancelled) const {
            return {io_error(was_cancelled ? ECANCELED : 0)};
        }

    private:
        friend class semaphore;
        semaphore& permits_;
        typename Worker::parked* task_ = nullptr;
    };

public:
    semaphore(Worker& worker, std::size_t count) : worker_(worker), free_(count) {}
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;

    /// Takes a permit, after waiting for one. Error: ECANCELED; there then is nothing to give back.
    auto acquire() { return worker_.park(acquire_operation(*this)); }

    /// Gives a permit back, to whoever has waited longest. Does not wait.
    void release() {
        const std::lock_guard lock(mutex_);
        while (acquire_operation* const next = waiting_.pop_front()) {
            if (next->task_->wake()) {
                return;
            }
        }
        ++free_;
    }

private:
    Worker& worker_;
    [[no_unique_address]] mutex_type mutex_;
    std::size_t free_;
    wait_list<acquire_operation> waiting_;
};

}  // namespace regatta
