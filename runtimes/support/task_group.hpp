#pragma once

#include <cstddef>
#include <exception>
#include <utility>

#include "runtimes/outcome.hpp"
#include "runtimes/support/cancel_scope.hpp"
#include "runtimes/support/first_failure.hpp"
#include "runtimes/support/parking.hpp"
#include "runtimes/support/task_owner.hpp"
#include "runtimes/support/unjoined.hpp"

namespace regatta {

/// Child tasks of one worker that end together. Opened inside the scope of the task that constructs
/// it: what cancels that task's waits cancels the children too.
template <class Worker>
class task_group final : private task_owner {
    class join_operation {
    public:
        // The group's own scope is what ends the children; the join must wait for that.
        static constexpr bool is_cancellable = false;

        explicit join_operation(task_group& of) : group_(of) {}
        no_mutex& mutex() { return group_.mutex_; }
        bool attempt() const { return group_.live_ == 0; }
        void enqueue(typename Worker::parked& task) { group_.joiner_ = &task; }
        static bool withdraw() { return false; }
        outcome result(bool) const {
            group_.is_joined_ = true;
            return group_.failure_.give();
        }

    private:
        task_group& group_;
    };

public:
    explicit task_group(Worker& worker) : worker_(worker), scope_(&worker.scope()) {}
    ~task_group() {
        if (!is_joined_) {
            terminate_unjoined();
        }
    }
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// Starts a child. It may run to its first wait before spawn() returns. Where there is no
    /// memory for it the group fails with std::bad_alloc and the child does not run.
    void spawn(typename Worker::template task<outcome> child) {
        is_joined_ = false;
        ++live_;
        cancel_scope* const own = current_scope;
        try {
            worker_.start_child(std::move(child), scope_, *this);
        } catch (...) {
            task_finished(io_error(), std::current_exception());
            current_scope = own;
        }
    }

    /// Ends the waits of all children, and of those yet to come, with ECANCELED.
    void cancel() { scope_.cancel(); }

    /// The group fails, as if a child had: no effect without an error and an exception.
    void fail(io_error error, std::exception_ptr exception = nullptr) {
        if (failure_.keep(error, std::move(exception))) {
            scope_.cancel();
        }
    }

    /// Awaits `work` in the caller's place, but inside the group's scope.
    template <class T>
    auto inside(typename Worker::template task<T> work) {
        return worker_.within(scope_, std::move(work));
    }

    /// Waits until all children have ended; gives the first failure, or throws it where it is an
    /// exception. Never ends before, not even when the task that joins is cancelled: its children
    /// then are cancelled too. One task may join.
    auto join() { return worker_.park(join_operation(*this)); }

private:
    void task_finished(io_error error, std::exception_ptr exception) noexcept override {
        current_scope = nullptr;
        fail(error, std::move(exception));
        if (--live_ == 0 && joiner_ != nullptr) {
            std::exchange(joiner_, nullptr)->wake();
        }
    }

    Worker& worker_;
    cancel_scope scope_;
    [[no_unique_address]] no_mutex mutex_;
    first_failure failure_;
    std::size_t live_ = 0;
    bool is_joined_ = true;
    typename Worker::parked* joiner_ = nullptr;
};

}  // namespace regatta
