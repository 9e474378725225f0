#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/server/conversation.hpp"

namespace regatta::overhead {

/// One of the two programs that are compared: how it is started.
struct arm {
    std::string name;
    std::vector<std::string> command;
};

/// An echo server for one trial, from its start until stop(). Both kinds of program print `ready`
/// with a port and end at SIGTERM.
class echo_server {
public:
    /// Starts `started`, behind `wrapper` where that is not empty (a program that runs its
    /// arguments), on `cpus`. Throws trial_failure, `failure` or `interrupted`.
    echo_server(const arm& started, const std::vector<std::string>& wrapper,
                const std::vector<int>& cpus);

    std::uint16_t port() const { return port_; }
    pid_t pid() const { return process_.pid(); }

    /// SIGTERM, and its end within 10 s. Gives the last line of its standard error. Throws
    /// trial_failure when it does not end with status 0.
    std::string stop();

private:
    child_process process_;
    speaker voice_;
    std::uint16_t port_ = 0;
};

}  // namespace regatta::overhead
