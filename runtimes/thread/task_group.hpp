#pragma once

#include <pthread.h>

#include <memory>
#include <mutex>

#include "runtimes/support/blocking_task.hpp"
#include "runtimes/support/first_failure.hpp"
#include "runtimes/support/wait_list.hpp"
#include "runtimes/thread/scope.hpp"

namespace regatta {
class thread_runtime;
}

namespace regatta::threads {

/// Child tasks that end together, each on an OS thread of its own.
class task_group {
public:
    /// Throws std::system_error when there is no descriptor left.
    explicit task_group(thread_runtime& worker);
    ~task_group();
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// Starts a child. Where the system has no thread left the group fails with EAGAIN and the
    /// child does not run.
    void spawn(blocking_task<outcome> work);
    /// Ends the waits of all children, and of those yet to come, with ECANCELED.
    void cancel() { interruption_.interrupt(); }
    /// The group fails, as if a child had: no effect without an error and an exception.
    void fail(io_error error, std::exception_ptr exception = nullptr);
    /// Runs `work` on the caller's thread, but inside the group's scope.
    template <class T>
    ready<T> inside(blocking_task<T> work) {
        const enter_scope here(scope_);
        return ready<T>(work.run());
    }
    /// Waits until all children have ended; gives the first failure, or throws it where it is an
    /// exception.
    ready<outcome> join();

private:
    struct child : wait_list<child>::node {
        task_group& group;
        blocking_task<outcome> work;
        pthread_t id{};

        child(task_group& of, blocking_task<outcome> started)
            : group(of), work(std::move(started)) {}
        static void* run(void* self);
    };

    /// Waits for the threads in `list` and frees them; the list is the group's.
    void reap(wait_list<child>& list);

    const pthread_attr_t& attributes_;
    interruption interruption_;
    scope scope_;
    std::mutex mutex_;  // guards what follows
    first_failure failure_;
    wait_list<child> running_;
    wait_list<child> ended_;
    bool is_joined_ = true;
};

}  // namespace regatta::threads
