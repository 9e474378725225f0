#pragma once

#include <algorithm>
#include <cstddef>

#include "runtimes/runtime.hpp"
#include "runtimes/support/connections.hpp"
#include "runtimes/support/coroutine_loop.hpp"

namespace regatta {

/// Ends the sessions of a stopped worker: no more requests come in, pending replies may finish
/// within `drain_deadline`, then everything that still waits is aborted. `turn(longest)` runs the
/// loop once and blocks at most that long. Gives the number of aborted sessions.
template <class Connection, class Turn>
std::size_t drain(coroutine_loop& loop, const connections<Connection>& open, Turn turn) {
    using std::chrono::steady_clock;
    shut_down(open.accepted, SHUT_RD);
    const auto deadline = steady_clock::now() + drain_deadline;
    while (loop.live_roots() != 0 && steady_clock::now() < deadline) {
        turn(std::max(deadline - steady_clock::now(), steady_clock::duration::zero()));
    }
    const std::size_t aborted = loop.live_roots();
    loop.abort();
    shut_down(open.accepted, SHUT_RDWR);
    shut_down(open.opened, SHUT_RDWR);
    while (loop.live_roots() + loop.live_helpers() != 0) {
        turn(drain_deadline);
    }
    return aborted;
}

}  // namespace regatta
