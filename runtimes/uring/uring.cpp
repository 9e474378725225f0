#include "runtimes/uring/uring.hpp"

#include <poll.h>
#include <sys/prctl.h>

namespace regatta {
namespace {

constexpr parameter parameters[] = {
    {"ring_entries", "", 4096, 8, 32768, "submission entries of each worker's ring"},
};

}  // namespace

runtime_info uring_runtime::about() {
    return {"uring",
            "coroutine",
            "io_uring",
            "a coroutine loop on io_uring, one submission per operation",
            {{"liburing", REGATTA_LIBURING_VERSION}},
            parameters};
}

uring_runtime::uring_runtime(const runtime_settings& settings)
    : ring_entries_(settings.at(0)), ring_(static_cast<unsigned>(ring_entries_), notes_) {
    // Timers then fire within a microsecond instead of 50 (prctl(2), PR_SET_TIMERSLACK).
    ::prctl(PR_SET_TIMERSLACK, 1UL);
}

lazy_task<void> uring_runtime::wait_for_stop() {
    uring::operation signalled;
    ::io_uring_prep_poll_add(ring_.prepare(signalled), stop_.fd(), POLLIN);
    co_await completion{signalled};
    is_stopping_ = true;
}

void uring_runtime::turn(std::optional<std::chrono::nanoseconds> longest) {
    const auto patience = loop_.patience();
    if (patience && longest) {
        ring_.wait(std::min(*patience, *longest));
    } else {
        ring_.wait(patience ? patience : longest);
    }
    if (loop_.needs_attention()) {
        loop_.attend();
    }
}

void uring_runtime::make_blocking(int fd) {
    const int flags = check(::fcntl(fd, F_GETFL), "fcntl");
    check(::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), "fcntl");
}

}  // namespace regatta
