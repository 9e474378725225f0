#pragma once

#include <liburing.h>
#include <sys/socket.h>

#include <chrono>
#include <coroutine>
#include <optional>
#include <string>
#include <vector>

/// What the runtimes on io_uring share.
namespace regatta::uring {

/// One operation that the kernel has in hand. Lives in the awaiting coroutine's frame until it
/// completes.
struct operation {
    std::coroutine_handle<> waiter;
    int result = 0;           ///< as the system call would return it, errors as -errno
    std::uint32_t flags = 0;  ///< IORING_CQE_F_*

    /// Takes a completion, and resumes the waiter with the last: a zero-copy send completes with
    /// its result and again when the kernel no longer needs the bytes.
    void complete(const io_uring_cqe& completion) {
        if ((completion.flags & IORING_CQE_F_NOTIF) == 0) [[likely]] {
            result = completion.res;
            flags = completion.flags;
        }
        if ((completion.flags & IORING_CQE_F_MORE) == 0) [[likely]] {
            waiter.resume();
        }
    }
};

struct ring_options {
    unsigned entries = 4096;  ///< submissions
    /// A kernel thread takes the submissions (SQPOLL); it goes to sleep after a millisecond without
    /// any. Excludes DEFER_TASKRUN.
    bool has_polling_thread = false;
};

/// An io_uring instance of one thread.
class ring {
public:
    /// Sets up a ring with the best flags that this kernel knows; what it does without is added to
    /// `notes`. Throws std::system_error.
    ring(const ring_options& options, std::vector<std::string>& notes);
    ~ring() { ::io_uring_queue_exit(&ring_); }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;

    /// The next submission entry, to be filled at once. It goes to the kernel with the next wait().
    io_uring_sqe* prepare(operation& target) {
        io_uring_sqe* const entry = prepare_unawaited();
        ::io_uring_sqe_set_data(entry, &target);
        return entry;
    }
    /// Like prepare(), for an operation whose completion nobody waits for, or whose data are not an
    /// `operation`: the caller then sets them and reaps them itself.
    io_uring_sqe* prepare_unawaited();

    /// Submits all that was prepared and resumes the waiters of all that has completed, waiting at
    /// most `longest` for the first (without end where it is nothing). One system call.
    void wait(std::optional<std::chrono::nanoseconds> longest);

    /// The halves of wait(), for those whose operations are of another type: the system call ...
    void enter(std::optional<std::chrono::nanoseconds> longest);
    /// ... and `on_completion(const io_uring_cqe&)` for each completion, which may prepare more.
    template <class OnCompletion>
    void reap(OnCompletion on_completion) {
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring_, head, completion) {
            ++count;
            on_completion(*completion);
        }
        ::io_uring_cq_advance(&ring_, count);
    }

    /// For registering files and buffers.
    io_uring* native() { return &ring_; }

private:
    io_uring ring_{};
};

/// The address that connect(2) takes to reset a connection and to drop what it has not sent.
inline constexpr sockaddr nobody{AF_UNSPEC, {}};

/// Why the kernel refuses io_uring, and how to change that; nothing when it does not.
std::optional<std::string> obstacle();

/// io_uring itself waits for a blocking socket; for a non-blocking one it would answer EAGAIN.
/// Throws std::system_error.
void make_blocking(int fd);

}  // namespace regatta::uring
