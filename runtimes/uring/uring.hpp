#pragma once

#include <memory>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/coroutine_loop.hpp"
#include "runtimes/support/drain.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/uring/ring.hpp"

namespace regatta {

/// Our coroutine loop on io_uring: one submission entry for each operation, all of a turn handed
/// over and all completions fetched in one system call. A worker is one thread with a ring of its
/// own.
class uring_runtime {
    struct connection {
        unique_fd fd;
        // The last receive left bytes in the socket, so the next need not wait for more.
        bool has_more = false;
        std::size_t place = 0;
        std::byte buffer[receive_bytes];

        explicit connection(unique_fd accepted) : fd(std::move(accepted)) {}
        int descriptor() const { return fd.get(); }
    };

    class [[nodiscard]] receive_awaiter : uring::operation {
    public:
        receive_awaiter(uring_runtime& worker, connection& peer) : worker_(worker), peer_(peer) {}
        static constexpr bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) {
            waiter = coroutine;
            io_uring_sqe* const entry = worker_.ring_.prepare(*this);
            ::io_uring_prep_recv(entry, peer_.fd.get(), peer_.buffer, receive_bytes, 0);
            // Usually nothing is there yet: do not try in vain (Linux 5.19).
            entry->ioprio |= peer_.has_more ? 0 : IORING_RECVSEND_POLL_FIRST;
        }
        received<bytes_view> await_resume() {
            if (result < 0) {
                return {io_error(-result), {}};
            }
            peer_.has_more = (flags & IORING_CQE_F_SOCK_NONEMPTY) != 0;
            return {io_error(), bytes_view(peer_.buffer, static_cast<std::size_t>(result))};
        }

    private:
        uring_runtime& worker_;
        connection& peer_;
    };

    class [[nodiscard]] send_awaiter : uring::operation {
    public:
        send_awaiter(uring_runtime& worker, int fd, bytes_view bytes)
            : worker_(worker), fd_(fd), bytes_(bytes) {}
        static constexpr bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) {
            waiter = coroutine;
            // With MSG_WAITALL the kernel itself goes on after a partial send (Linux 5.19).
            ::io_uring_prep_send(worker_.ring_.prepare(*this), fd_, bytes_.data(), bytes_.size(),
                                 MSG_NOSIGNAL | MSG_WAITALL);
        }
        outcome await_resume() const {
            if (result < 0) {
                return {io_error(-result)};
            }
            return {io_error(static_cast<std::size_t>(result) < bytes_.size() ? EPIPE : 0)};
        }

    private:
        uring_runtime& worker_;
        int fd_;
        bytes_view bytes_;
    };

public:
    template <class T>
    using task = lazy_task<T>;

    class stream {
    public:
        stream(uring_runtime& worker, unique_fd fd)
            : worker_(&worker), peer_(new connection(std::move(fd))) {
            worker.open_.add(*peer_);
        }
        stream(stream&&) = default;
        ~stream() {
            if (peer_) {
                worker_->open_.remove(*peer_);
            }
        }
        receive_awaiter receive() { return {*worker_, *peer_}; }
        send_awaiter send(bytes_view bytes) { return {*worker_, peer_->fd.get(), bytes}; }

    private:
        uring_runtime* worker_;
        std::unique_ptr<connection> peer_;
    };

    static runtime_info about();
    static std::optional<std::string> unavailable() { return uring::obstacle(); }
    explicit uring_runtime(const runtime_settings& settings);
    runtime_settings configuration() const { return {ring_entries_}; }
    std::vector<std::string> notes() const { return notes_; }

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        make_blocking(listener);
        uring::operation accepting;
        loop_.start(accept_all(listener, accepting, on_accept));
        loop_.start(wait_for_stop());
        while (!is_stopping_) {
            turn(std::nullopt);
        }
        ::io_uring_prep_cancel(ring_.prepare_unawaited(), &accepting, 0);
        return drain(loop_, open_, [this](std::chrono::nanoseconds longest) { turn(longest); });
    }

    template <class Body>
    void run(Body body) {
        run_to_end(loop_, std::move(body), [this] { turn(std::nullopt); });
    }

    void stop() noexcept { stop_.signal(); }

    auto sleep_for(std::chrono::nanoseconds duration) { return loop_.sleep_for(duration); }
    auto yield() { return loop_.yield(); }

private:
    /// Waits until `target`, which was just prepared, has completed.
    struct completion {
        uring::operation& target;
        static constexpr bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) { target.waiter = coroutine; }
        int await_resume() const { return target.result; }
    };

    template <class OnAccept>
    lazy_task<void> accept_all(int listener, uring::operation& accepting, OnAccept& on_accept) {
        while (!is_stopping_) {
            ::io_uring_prep_accept(ring_.prepare(accepting), listener, nullptr, nullptr,
                                   SOCK_CLOEXEC);
            const int result = co_await completion{accepting};
            if (result >= 0) {
                set_no_delay(result);
                loop_.start(on_accept(stream(*this, unique_fd(result))));
            } else if (is_exhaustion(-result)) {
                co_await loop_.sleep_for(std::chrono::milliseconds(10));
            } else if (result != -ECANCELED && !is_passing_accept_error(-result)) {
                throw std::system_error(-result, std::generic_category(), "accept");
            }
        }
    }
    lazy_task<void> wait_for_stop();
    /// One turn: submits, waits at most `longest`, resumes what can go on.
    void turn(std::optional<std::chrono::nanoseconds> longest);
    /// io_uring itself waits for a blocking socket; for a non-blocking one it would answer EAGAIN.
    static void make_blocking(int fd);

    std::int64_t ring_entries_;
    std::vector<std::string> notes_;
    uring::ring ring_;
    coroutine_loop loop_;
    live_set<connection> open_;
    wake_event stop_;
    bool is_stopping_ = false;
};

static_assert(runtime<uring_runtime>);

}  // namespace regatta
