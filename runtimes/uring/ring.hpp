#pragma once

#include <liburing.h>

#include <chrono>
#include <coroutine>
#include <optional>
#include <string>
#include <vector>

namespace regatta::uring {

/// One operation that the kernel has in hand. Lives in the awaiting coroutine's frame until it
/// completes.
struct operation {
    std::coroutine_handle<> waiter;
    int result = 0;           ///< as the system call would return it, errors as -errno
    std::uint32_t flags = 0;  ///< IORING_CQE_F_*
};

/// An io_uring instance of one thread.
class ring {
public:
    /// Sets up a ring of `entries` submissions, with the best flags that this kernel knows; what it
    /// does without is added to `notes`. Throws std::system_error.
    ring(unsigned entries, std::vector<std::string>& notes);
    ~ring() { ::io_uring_queue_exit(&ring_); }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;

    /// The next submission entry, to be filled at once. It goes to the kernel with the next wait().
    io_uring_sqe* prepare(operation& target) {
        io_uring_sqe* const entry = prepare_unawaited();
        ::io_uring_sqe_set_data(entry, &target);
        return entry;
    }
    /// Like prepare(), for an operation whose completion nobody waits for.
    io_uring_sqe* prepare_unawaited();

    /// Submits all that was prepared and resumes the waiters of all that has completed, waiting at
    /// most `longest` for the first (without end where it is nothing). One system call.
    void wait(std::optional<std::chrono::nanoseconds> longest);

private:
    io_uring ring_{};
};

/// Why the kernel refuses io_uring, and how to change that; nothing when it does not.
std::optional<std::string> obstacle();

}  // namespace regatta::uring
