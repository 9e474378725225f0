#pragma once

#include <chrono>
#include <cstdint>

namespace regatta::floor {

struct floor_load {
    std::int64_t size_bytes = 64;  ///< of a message, from 1 to 64 KiB
    std::int64_t connections = 50;
    bool is_over_unix = false;  ///< AF_UNIX instead of TCP
    std::chrono::nanoseconds warmup{};
    std::chrono::nanoseconds measure{};
};

/// What echo costs when nothing but its system calls is done.
struct floor_figures {
    double rate_per_s;            ///< messages there and back
    double server_cpu_ns_per_op;  ///< CPU time of the side that answers, for one message
    double client_cpu_ns_per_op;  ///< and of the side that asks
};

/// Moves messages there and back between the two ends of `connections` connections, on one thread
/// on `cpu`: the sides take turns, and each receives and sends the messages of all connections with
/// one system call through an io_uring of its own. Nobody waits, is woken, or looks at a byte: what
/// is left is the kernel's copying and its TCP. Throws std::system_error; trial_failure where a
/// message was lost.
floor_figures run_floor_trial(const floor_load& load, int cpu);

}  // namespace regatta::floor
