#pragma once

#include "runtimes/support/live_set.hpp"

namespace regatta {

/// The connections of a worker: an abort reaches them all, but the receive side of those that
/// clients opened is shut down before.
template <class Connection>
struct connections {
    live_set<Connection> accepted;
    live_set<Connection> opened;  ///< by connect()
};

}  // namespace regatta
