#pragma once

#include <cerrno>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtimes/outcome.hpp"
#include "runtimes/support/mailbox.hpp"
#include "runtimes/support/offload_pool.hpp"
#include "runtimes/support/parking.hpp"

namespace regatta {

/// What a function gave: its value, or what it threw.
template <class T>
class call_result {
public:
    template <class Function>
    void take_from(Function& function) noexcept {
        try {
            if constexpr (std::is_void_v<T>) {
                function();
            } else {
                value_.error = io_error();
                value_.value.emplace(function());
            }
        } catch (...) {
            thrown_ = std::current_exception();
        }
    }
    /// Throws what the function threw.
    offloaded<T> give(io_error error) {
        if (thrown_) {
            std::rethrow_exception(thrown_);
        }
        value_.error = error;
        return std::move(value_);
    }

private:
    offloaded<T> value_{};
    std::exception_ptr thrown_;
};

/// Runs a function on the pool; the waiting task goes on when the answer reaches its worker.
/// Cancelled before a thread has begun it, it never runs; after that the wait goes on until it has
/// returned, for nothing can stop it.
template <class Worker, class Function>
class offload_operation final : offload_job, letter {
    using result_type = std::invoke_result_t<Function&>;

public:
    static constexpr bool is_cancellable = true;

    offload_operation(Worker& worker, Function function)
        : worker_(worker), function_(std::move(function)) {}
    // Before it is enqueued nobody knows where it is.
    offload_operation(offload_operation&& other)
        : worker_(other.worker_), function_(std::move(other.function_)) {}

    no_mutex mutex() { return {}; }
    static constexpr bool attempt() { return false; }
    void enqueue(typename Worker::parked& task) {
        task_ = &task;
        worker_.expect_mail();
        worker_.pool().submit(*this);
    }
    bool withdraw() {
        if (!worker_.pool().withdraw(*this)) {
            return false;
        }
        worker_.mail_was_withdrawn();
        return true;
    }
    offloaded<result_type> result(bool was_cancelled) {
        return result_.give(io_error(was_cancelled ? ECANCELED : 0));
    }

private:
    void run() noexcept override { result_.take_from(function_); }
    void hand_back() noexcept override { worker_.mail().post(*this); }
    void deliver() noexcept override {
        worker_.mail_came();
        task_->wake();
    }

    Worker& worker_;
    Function function_;
    typename Worker::parked* task_ = nullptr;
    call_result<result_type> result_;
};

}  // namespace regatta
