#pragma once

#include <stdexcept>

namespace regatta {

/// Thrown where a wait is cut short because the user asked to stop.
class interrupted : public std::runtime_error {
public:
    interrupted() : std::runtime_error("interrupted") {}
};

/// From its making to its end, SIGINT, SIGTERM and SIGHUP are requests to stop: the first is noted
/// and every wait on a child throws `interrupted`; the second ends this process at once with that
/// signal's status (the children die with it, by their PDEATHSIG). At most one at a time.
class interrupt_guard {
public:
    interrupt_guard();
    ~interrupt_guard();
    interrupt_guard(const interrupt_guard&) = delete;
    interrupt_guard& operator=(const interrupt_guard&) = delete;
};

/// Whether a request to stop came.
bool is_interrupted();

/// The exit status that says so: 128 + the number of the first signal.
int interrupted_status();

/// A descriptor that becomes readable, and stays so, when a request to stop comes; -1 without a
/// guard.
int interrupt_descriptor();

}  // namespace regatta
