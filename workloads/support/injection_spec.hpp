#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace regatta {

/// Work that a runtime's program does beside its own for each request, so that a build can be
/// slowed on purpose. What is 0 is not done.
struct injection_spec {
    std::uint32_t cpu_ppm = 0;        ///< CPU time, in millionths of what a request costs
    std::chrono::nanoseconds cpu{};   ///< CPU time
    std::uint32_t syscalls = 0;       ///< system calls that do next to nothing
    bool takes_lock = false;          ///< a mutex and an atomic counter that all threads share
    std::uint32_t allocations = 0;    ///< blocks from the heap, given back at once
    std::uint32_t waits_ppm = 0;      ///< how many of a million requests sleep
    std::chrono::nanoseconds wait{};  ///< how long
    std::uint64_t seed = 1;           ///< which ones

    /// Whether request number `index`, counted from 0, is one of those that sleep: of any n on end
    /// from the first these are as many as the share says, less than one more or fewer.
    bool waits_at(std::uint64_t index) const;

    /// What parse_injection() takes, in one form for each meaning.
    std::string text() const;
};

/// Reads one or more of these, with commas between them, each kind once:
/// - `cpu:5%` or `cpu:200ns` (ns, us, ms),
/// - `syscall:N`, `lock`, `alloc:N`; `syscall` and `alloc` mean one,
/// - `tail:1%:5ms` or `tail:1%:5ms:SEED`.
/// Throws std::invalid_argument with one line for anything else.
injection_spec parse_injection(std::string_view text);

}  // namespace regatta
