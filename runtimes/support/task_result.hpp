#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtimes/outcome.hpp"

namespace regatta {

/// What a task's promise keeps for whoever awaits the task: the value, if it has one.
template <class T>
struct task_value {
    std::optional<T> value;
    void return_value(T result) { value.emplace(std::move(result)); }
    T take() { return std::move(*value); }
};

template <>
struct task_value<void> {
    void return_void() noexcept {}
    void take() noexcept {}
};

/// The value or what the coroutine threw.
template <class T>
struct task_result : task_value<T> {
    std::exception_ptr error;

    void unhandled_exception() noexcept { error = std::current_exception(); }
    /// The error in the value, where it has such a thing and the task did not throw.
    io_error given_error() const noexcept {
        if constexpr (fallible<T>) {
            return this->value ? this->value->error : io_error();
        }
        return io_error();
    }
    /// The value, once; throws what the coroutine threw.
    T result() {
        if (error) {
            std::rethrow_exception(error);
        }
        return this->take();
    }
};

}  // namespace regatta
