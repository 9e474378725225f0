#pragma once

#include <algorithm>
#include <cstddef>

#include "runtimes/support/coroutine_loop.hpp"
#include "runtimes/support/live_set.hpp"

namespace regatta {

/// Ends the sessions of a stopped worker: no more requests come in, pending replies may finish
/// within `drain_deadline`, then everything that still waits is aborted. `turn(longest)` runs the
/// loop once and blocks at most that long. Gives the number of aborted sessions.
template <class Connection, class Turn>
std::size_t drain(coroutine_loop& loop, const live_set<Connection>& open, Turn turn) {
    using std::chrono::steady_clock;
    shut_down(open, SHUT_RD);
    const auto deadline = steady_clock::now() + drain_deadline;
    while (loop.live_roots() != 0 && steady_clock::now() < deadline) {
        turn(std::max(deadline - steady_clock::now(), steady_clock::duration::zero()));
    }
    const std::size_t aborted = loop.live_roots();
    shut_down(open, SHUT_RDWR);
    loop.cancel_sleeps();
    while (loop.live_roots() != 0) {
        turn(drain_deadline);
    }
    return aborted;
}

}  // namespace regatta
