#pragma once

#include <span>
#include <string>

#include "harness/record/summary.hpp"

namespace regatta {

/// Whether one connection has one request outstanding: rate and latency are then the time that it
/// takes to wake two threads in turn, which is the scheduler's and the hypervisor's
/// (harness/METHODOLOGY.md). What a request costs in CPU time is still the runtime's.
bool is_ping_pong(const benchmark_summary& summary);

/// Whether the two can be told apart by `metric`: their intervals say so (stats/paired.hpp) and,
/// where it is a rate, the slower one was not held back by something else than its own server; by
/// rate and latency never where they are a ping-pong.
bool can_be_told_apart(const benchmark_summary& a, const benchmark_summary& b,
                       std::string_view metric);

/// What the intervals say of rivals, the benchmarks of one group, run and mode:
/// "Fastest: uring, 1.12 (1.08-1.16) times epoll. asio and fiber cannot be told apart."
/// One connection is not ranked: the sentence says so. Empty when fewer than two of them have an ok
/// trial.
std::string ranking_sentence(std::span<const benchmark_summary> rivals);

}  // namespace regatta
