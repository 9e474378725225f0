#pragma once

#include <stdexcept>
#include <string>

namespace regatta {

/// What ends a verb: one line for the user (what, where, what to write instead) and the exit
/// status: 1 it could not be done, 2 it was asked for wrongly.
class failure : public std::runtime_error {
public:
    explicit failure(const std::string& line, int exit_status = 1)
        : std::runtime_error(line), exit_status_(exit_status) {}
    int exit_status() const { return exit_status_; }

private:
    int exit_status_;
};

/// The user asked for something that does not exist or makes no sense.
inline failure usage_failure(const std::string& line) {
    return failure(line, 2);
}

}  // namespace regatta
