#pragma once

#include "harness/server/child_process.hpp"

namespace regatta {

/// A started process and this process's ends of its pipes.
struct spawned {
    pid_t pid;
    int pid_descriptor;
    int input;   ///< writes to its standard input
    int output;  ///< reads its standard output, non-blocking
    int errors;  ///< reads its standard error, non-blocking
};

/// Starts `options.command`; throws `failure` when it cannot be started. The caller owns the
/// descriptors and must reap the process.
spawned spawn(const child_options& options);

}  // namespace regatta
