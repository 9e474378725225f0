#pragma once

#include <exception>
#include <utility>

#include "runtimes/outcome.hpp"

namespace regatta {

/// Of all that went wrong in a group, what did so first.
class first_failure {
public:
    /// Keeps it when it is a failure and none is kept yet; true then.
    bool keep(io_error error, std::exception_ptr exception) {
        if (has_failed() || (!error && !exception)) {
            return false;
        }
        error_ = error;
        exception_ = std::move(exception);
        return true;
    }
    bool has_failed() const { return error_ || exception_; }

    /// Gives what was kept, or throws it where it is an exception.
    outcome give() const {
        if (exception_) {
            std::rethrow_exception(exception_);
        }
        return {error_};
    }

private:
    io_error error_;
    std::exception_ptr exception_;
};

}  // namespace regatta
