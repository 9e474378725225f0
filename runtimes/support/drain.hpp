#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "runtimes/support/coroutine_loop.hpp"

namespace regatta {

/// The open connections of a worker. `Connection` has `std::size_t place` and `int descriptor()
/// const`.
template <class Connection>
class open_connections {
public:
    void add(Connection& entry) {
        entry.place = all_.size();
        all_.push_back(&entry);
    }
    void remove(Connection& entry) {
        all_[entry.place] = all_.back();
        all_[entry.place]->place = entry.place;
        all_.pop_back();
    }
    /// `how` as shutdown(2) takes it. Ends the pending operations of this direction, on any engine.
    void shut_down(int how) const {
        for (const Connection* entry : all_) {
            ::shutdown(entry->descriptor(), how);
        }
    }

private:
    std::vector<Connection*> all_;
};

/// Ends the sessions of a stopped worker: no more requests come in, pending replies may finish
/// within `drain_deadline`, then everything that still waits is aborted. `turn(longest)` runs the
/// loop once and blocks at most that long. Gives the number of aborted sessions.
template <class Connection, class Turn>
std::size_t drain(coroutine_loop& loop, const open_connections<Connection>& open, Turn turn) {
    using std::chrono::steady_clock;
    open.shut_down(SHUT_RD);
    const auto deadline = steady_clock::now() + drain_deadline;
    while (loop.live_roots() != 0 && steady_clock::now() < deadline) {
        turn(std::max(deadline - steady_clock::now(), steady_clock::duration::zero()));
    }
    const std::size_t aborted = loop.live_roots();
    open.shut_down(SHUT_RDWR);
    loop.cancel_sleeps();
    while (loop.live_roots() != 0) {
        turn(drain_deadline);
    }
    return aborted;
}

}  // namespace regatta
