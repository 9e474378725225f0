#pragma once

#include <liburing.h>

#include "runtimes/endpoint.hpp"
#include "runtimes/outcome.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/support/uring/ring.hpp"
#include "runtimes/support/uring/scoped_operation.hpp"

namespace regatta::uring {

/// Waits until `target`, which was just prepared, has completed; gives its result. For a runtime's
/// own tasks, which have no scope.
struct completion {
    operation& target;
    static constexpr bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
        target.waiter = coroutine;
        scope = std::exchange(current_scope, nullptr);
    }
    int await_resume() const {
        current_scope = scope;
        return target.result;
    }

    cancel_scope* scope = nullptr;
};

/// Opens a blocking socket for a connection to `where`, without Nagle's delay; 0 or an errno.
inline int open_socket(const endpoint& where, unique_fd& into) {
    into = unique_fd(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!into) {
        return errno;
    }
    set_no_delay(into.get());
    return 0;
}

/// Connects the socket `fd`, inside the scope of the task or of the loop.
class [[nodiscard]] connect_awaiter : operation {
public:
    connect_awaiter(ring& submissions, coroutine_loop& loop, int fd, const endpoint& where)
        : ring_(submissions), fd_(fd), where_(where), waiting_(submissions, loop) {}
    static constexpr bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
        waiter = coroutine;
        if (waiting_.begin(*this)) {
            ::io_uring_prep_connect(ring_.prepare(*this), fd_, where_.address(), where_.length());
        }
    }
    io_error await_resume() {
        waiting_.end();
        return io_error(-result);
    }

private:
    ring& ring_;
    int fd_;
    const endpoint& where_;
    scoped_operation waiting_;
};

}  // namespace regatta::uring
