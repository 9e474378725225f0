#include "runtimes/thread/task_group.hpp"

#include <utility>

#include "runtimes/support/unjoined.hpp"
#include "runtimes/thread/thread.hpp"

namespace regatta::threads {

task_group::task_group(thread_runtime& worker)
    : attributes_(worker.child_attributes()),
      interruption_(&worker.scope().interrupted_by()),
      scope_(interruption_, worker.scope().due()) {}

task_group::~task_group() {
    if (!is_joined_) {
        terminate_unjoined();
    }
}

void task_group::spawn(blocking_task<outcome> work) {
    reap(ended_);
    auto started = std::make_unique<child>(*this, std::move(work));
    int error;
    {
        // Held until the thread's id is known: the child cannot end before, nor be joined.
        const std::lock_guard lock(mutex_);
        is_joined_ = false;
        error = ::pthread_create(&started->id, &attributes_, &child::run, started.get());
        if (error == 0) {
            running_.push_back(*started.release());
        }
    }
    fail(io_error(error));
}

void* task_group::child::run(void* self) {
    child& own = *static_cast<child*>(self);
    task_group& group = own.group;
    const enter_scope here(group.scope_);
    try {
        blocking_task<outcome> work = std::move(own.work);
        group.fail(work.run().error);
    } catch (...) {
        group.fail(io_error(), std::current_exception());
    }
    const std::lock_guard lock(group.mutex_);
    if (group.running_.remove(own)) {
        group.ended_.push_back(own);
    }
    return nullptr;
}

void task_group::fail(io_error error, std::exception_ptr exception) {
    bool is_first;
    {
        const std::lock_guard lock(mutex_);
        is_first = failure_.keep(error, std::move(exception));
    }
    if (is_first) {
        interruption_.interrupt();
    }
}

void task_group::reap(wait_list<child>& list) {
    for (;;) {
        std::unique_ptr<child> next;
        {
            const std::lock_guard lock(mutex_);
            next.reset(list.pop_front());
        }
        if (!next) {
            return;
        }
        ::pthread_join(next->id, nullptr);
    }
}

ready<outcome> task_group::join() {
    // A child that ends while its sibling is waited for moves to the other list; a child may also
    // start another one.
    for (bool is_empty = false; !is_empty;) {
        reap(running_);
        reap(ended_);
        const std::lock_guard lock(mutex_);
        is_empty = running_.empty() && ended_.empty();
    }
    is_joined_ = true;
    return ready<outcome>(failure_.give());
}

}  // namespace regatta::threads
