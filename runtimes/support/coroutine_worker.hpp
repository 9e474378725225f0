#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/channel.hpp"
#include "runtimes/support/coroutine_loop.hpp"
#include "runtimes/support/loop_awaiters.hpp"
#include "runtimes/support/mailbox.hpp"
#include "runtimes/support/offload.hpp"
#include "runtimes/support/semaphore.hpp"
#include "runtimes/support/task_group.hpp"

namespace regatta {

/// The verbs that need no engine, for runtimes that are a coroutine loop. What is left to them is
/// the engine: streams, connect(), serve(), run(), and to call `mail_.take()` when its descriptor
/// is readable.
class coroutine_worker {
public:
    template <class T>
    using task = lazy_task<T>;
    using task_group = regatta::task_group<coroutine_worker>;
    template <class T>
    using channel = regatta::channel<coroutine_worker, T>;
    using semaphore = regatta::semaphore<coroutine_worker>;

    coroutine_worker(const coroutine_worker&) = delete;
    coroutine_worker& operator=(const coroutine_worker&) = delete;

    std::vector<std::string> notes() const { return notes_; }
    void stop() noexcept { mail_.stop(); }

    sleep_awaiter sleep_for(std::chrono::nanoseconds duration) { return {loop_, duration}; }
    yield_awaiter yield() { return yield_awaiter(loop_); }
    template <fallible T>
    deadline_awaiter<T> with_deadline(std::chrono::nanoseconds duration, lazy_task<T> work) {
        return {loop_, duration, std::move(work)};
    }
    template <class Function>
    auto offload(Function function) {
        pool();  // throws now what it may throw, not while the task suspends
        return park(offload_operation<coroutine_worker, Function>(*this, std::move(function)));
    }

    // What the templates in this folder need.
    using parked = loop_parked;
    using mutex = no_mutex;
    template <class Operation>
    loop_parking<Operation> park(Operation operation) {
        return {loop_, std::move(operation)};
    }
    cancel_scope& scope() { return loop_.scope(); }
    template <class T>
    within_awaiter<T> within(cancel_scope& inner, lazy_task<T> work) {
        return {inner, std::move(work)};
    }
    static void start_child(lazy_task<outcome> child, cancel_scope& scope, task_owner& owner) {
        cancel_scope* const own = std::exchange(current_scope, &scope);
        std::move(child).start(owner);
        current_scope = own;
    }
    offload_pool& pool() {
        if (!pool_) {
            pool_ = offload_pool::shared(offload_);
        }
        return *pool_;
    }
    mailbox& mail() { return mail_; }
    /// Another thread is going to post a letter.
    void expect_mail() {
        ++expected_letters_;
        watch_mail();
    }
    /// One of those was delivered.
    void mail_came() { --expected_letters_; }
    /// One of those will never come.
    void mail_was_withdrawn() {
        --expected_letters_;
        mail_.nudge();
    }

protected:
    /// The values of the pool's two parameters.
    coroutine_worker(std::int64_t offload_threads, std::int64_t offload_scheduling)
        : offload_(offload_pool::grant(offload_threads, offload_scheduling, notes_)) {}
    ~coroutine_worker() = default;

    /// Called when letters are expected: for an engine that does not always watch the mailbox. It
    /// may stop when none are.
    virtual void watch_mail() {}

    std::vector<std::string> notes_;  // where this system gives less than was asked for
    offload_settings offload_;
    mailbox mail_;
    coroutine_loop loop_;
    std::size_t expected_letters_ = 0;

private:
    std::shared_ptr<offload_pool> pool_;
};

}  // namespace regatta
