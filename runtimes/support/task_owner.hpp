#pragma once

#include <exception>

#include "runtimes/outcome.hpp"

namespace regatta {

/// Whoever started a task that no other task awaits.
class task_owner {
public:
    /// Called on the worker's thread when the task has ended; its frame is already gone. `error` is
    /// that of the outcome it gave, if it gave one; `exception` is what it threw.
    virtual void task_finished(io_error error, std::exception_ptr exception) noexcept = 0;

protected:
    ~task_owner() = default;
};

}  // namespace regatta
