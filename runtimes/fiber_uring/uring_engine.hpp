#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/cancel_scope.hpp"
#include "runtimes/support/fiber/scheduler.hpp"
#include "runtimes/support/mailbox.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/support/uring/ring.hpp"

namespace regatta::fibers {

/// Fibers wait for their operations on one io_uring: one submission for each operation; poll()
/// hands over all that were prepared since and fetches all that are over in one system call.
class uring_engine {
    /// What the kernel has in hand for a fiber. Lives on the fiber's stack.
    struct operation {
        context* waiter = nullptr;
        int result = 0;           // as the system call would return it, errors as -errno
        std::uint32_t flags = 0;  // IORING_CQE_F_*
    };

    /// The same inside a scope, whose cancellation asks the kernel to cancel the operation.
    class scoped_operation final : cancel_entry {
    public:
        scoped_operation(uring_engine& engine, operation& target)
            : engine_(engine), target_(target) {}
        /// Parks the calling fiber until the operation has completed, with what it gave.
        void await(cancel_scope& inside) {
            inside.enter(*this);
            park(target_.waiter);
            leave();
        }
        bool is_cancelled() const { return is_cancelled_; }
        void on_cancel() noexcept override;

    private:
        uring_engine& engine_;
        operation& target_;
        bool is_cancelled_ = false;
    };

public:
    /// A socket. Its operations park the calling fiber.
    class connection {
    public:
        connection(uring_engine& engine, unique_fd fd) : engine_(engine), fd_(std::move(fd)) {}

        int descriptor() const { return fd_.get(); }
        /// The bytes are valid until the next receive.
        received<bytes_view> receive();
        io_error send(bytes_view bytes);

        std::size_t place = 0;  ///< live_set's

    private:
        uring_engine& engine_;
        unique_fd fd_;
        // The last receive left bytes in the socket, so the next need not wait for more.
        bool has_more_ = false;
        std::byte buffer_[receive_bytes];
    };

    /// A ring of `entries` submissions. Throws std::system_error.
    explicit uring_engine(unsigned entries);

    void poll(std::optional<std::chrono::nanoseconds> longest) noexcept;
    void wake() noexcept { mail_.nudge(); }

    int accept(int listener);
    io_error connect(const endpoint& where, cancel_scope& inside,
                     std::unique_ptr<connection>& into);
    mailbox& mail() { return mail_; }

    /// A line for each fallback taken.
    const std::vector<std::string>& notes() const { return notes_; }

private:
    io_uring_sqe* prepare(operation& target) {
        io_uring_sqe* const entry = ring_.prepare_unawaited();
        ::io_uring_sqe_set_data(entry, &target);
        return entry;
    }
    /// Parks the calling fiber until `target`, which was just prepared, has completed; whether the
    /// scope in which it runs, if there is one, was cancelled meanwhile.
    bool await(operation& target) {
        if (current_scope == nullptr) [[likely]] {
            park(target.waiter);
            return false;
        }
        scoped_operation scoped(*this, target);
        scoped.await(*current_scope);
        return scoped.is_cancelled();
    }
    /// Whether an operation need not be submitted.
    static bool is_scope_cancelled() {
        return current_scope != nullptr && current_scope->is_cancelled();
    }
    void watch_mail();
    void on_mail();

    std::vector<std::string> notes_;
    uring::ring ring_;
    mailbox mail_;
    operation mailing_;
    operation accepting_;
    int listener_ = -1;
};

static_assert(engine<uring_engine>);

}  // namespace regatta::fibers
