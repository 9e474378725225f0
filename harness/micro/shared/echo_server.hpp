#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/server/conversation.hpp"

namespace regatta::micro {

/// One of the programs that are compared: how it is started.
struct arm {
    std::string name;
    std::vector<std::string> command;
    std::string address = "127.0.0.1";  ///< where `command` lets it listen, numeric or unix:@NAME
};

/// User + system time.
std::int64_t cpu_ns(const rusage& usage);

/// A server of `echo`, or of what else it is started with, for one trial, from its start until
/// stop(). A runtime's program and a hand-written one both print `ready` with a port, and end at
/// SIGTERM after a line `done`.
class echo_server {
public:
    /// Starts `started`, behind `wrapper` where that is not empty (a program that runs its
    /// arguments), on `cpus`. Throws trial_failure, `failure` or `interrupted`.
    echo_server(const arm& started, const std::vector<std::string>& wrapper,
                const std::vector<int>& cpus);

    std::uint16_t port() const { return port_; }
    pid_t pid() const { return process_.pid(); }
    const speaker& voice() const { return voice_; }

    /// SIGTERM, and its end within 10 s. Gives the last line of its standard error. Throws
    /// trial_failure when it does not end with status 0.
    std::string stop();
    /// The line `done`; after stop(). Throws trial_failure when there was none.
    nlohmann::json done() const;
    /// User + system time of its whole life; after stop().
    std::int64_t cpu_ns() const { return micro::cpu_ns(process_.ending().usage); }

private:
    child_process process_;
    speaker voice_;
    std::uint16_t port_ = 0;
};

}  // namespace regatta::micro
