#pragma once

#include <cerrno>

#include "runtimes/endpoint.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta {

/// A non-blocking connect() that was begun.
struct started_connect {
    unique_fd socket;
    int error = 0;  ///< an errno: it failed at once
    bool is_in_progress = false;
};

/// Opens a socket and begins to connect it; TCP without Nagle's delay. A Unix socket whose queue is
/// full gives EAGAIN (connect(2)): there is no way to wait for it.
inline started_connect start_connect(const endpoint& where) {
    started_connect result;
    result.socket =
        unique_fd(::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!result.socket) {
        result.error = errno;
        return result;
    }
    set_no_delay(result.socket.get());
    // Interrupted, it goes on by itself (connect(2)).
    if (::connect(result.socket.get(), where.address(), where.length()) != 0) {
        result.is_in_progress = errno == EINPROGRESS || errno == EINTR;
        result.error = result.is_in_progress ? 0 : errno;
    }
    return result;
}

}  // namespace regatta
