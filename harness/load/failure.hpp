#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace regatta::load {

/// Why the generator cannot give a result: one line what, one line what to do about it. The exit
/// statuses are those of runtimes/CONTRACT.md.
class failure : public std::runtime_error {
public:
    enum class kind {
        other = 1,
        usage = 2,           ///< the plan is wrong
        machine_cannot = 3,  ///< this machine lacks something
    };

    failure(kind what, const std::string& reason, std::string hint = {})
        : std::runtime_error(reason), kind_(what), hint_(std::move(hint)) {}

    int exit_status() const { return static_cast<int>(kind_); }
    /// What to do instead; may be empty.
    const std::string& hint() const { return hint_; }

private:
    kind kind_;
    std::string hint_;
};

}  // namespace regatta::load
