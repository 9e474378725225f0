#pragma once

#include <memory>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/coroutine_worker.hpp"
#include "runtimes/support/drain.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/support/uring/connecting.hpp"
#include "runtimes/support/uring/file_table.hpp"
#include "runtimes/support/uring/ring.hpp"
#include "runtimes/support/uring/scoped_operation.hpp"

namespace regatta {

/// Our coroutine loop on io_uring: one submission entry for each operation, all of a turn handed
/// over and all completions fetched in one system call. A worker is one thread with a ring of its
/// own.
class uring_runtime final : public coroutine_worker {
    struct connection {
        live_set<connection>& home;  // the set it is in
        uring::file_table& files;
        unique_fd fd;
        std::uint8_t entry_flags;  // of submission entries that name it
        // The last receive left bytes in the socket, so the next need not wait for more.
        bool has_more = false;
        std::size_t place = 0;
        uring::scoped_operation reading;
        uring::scoped_operation writing;
        std::byte buffer[receive_bytes];

        connection(uring_runtime& worker, unique_fd socket, live_set<connection>& of_its_kind)
            : home(of_its_kind),
              files(worker.files_),
              fd(std::move(socket)),
              entry_flags(files.add(fd.get())),
              reading(worker.ring_, worker.loop_),
              writing(worker.ring_, worker.loop_) {
            if (worker.send_opcode_ == IORING_OP_SEND_ZC) {
                writing.reset_when_cancelled(fd.get(), entry_flags);
            }
            home.add(*this);
        }
        ~connection() {
            home.remove(*this);
            files.remove(fd.get(), entry_flags);
        }
        int descriptor() const { return fd.get(); }
        /// As the general one; and sockets that are shut down both ways are reset, for the kernel
        /// would hold on to the bytes of a zero-copy send until the peer has taken them.
        friend void shut_down(const live_set<connection>& open, int how) {
            shut_down<connection>(open, how);
            if (how == SHUT_RDWR) {
                for (const connection* const each : open) {
                    ::connect(each->descriptor(), &uring::nobody, sizeof uring::nobody);
                }
            }
        }
    };

    class [[nodiscard]] receive_awaiter : uring::operation {
    public:
        receive_awaiter(uring_runtime& worker, connection& peer) : worker_(worker), peer_(peer) {}
        static constexpr bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) {
            waiter = coroutine;
            if (current_scope != nullptr) [[unlikely]] {
                if (!peer_.reading.begin(*this)) {
                    return;
                }
            }
            io_uring_sqe* const entry = worker_.ring_.prepare(*this);
            ::io_uring_prep_recv(entry, peer_.fd.get(), peer_.buffer, receive_bytes, 0);
            entry->flags |= peer_.entry_flags;
            // Usually nothing is there yet: do not try in vain (Linux 5.19).
            entry->ioprio |= peer_.has_more ? 0 : IORING_RECVSEND_POLL_FIRST;
        }
        received<bytes_view> await_resume() {
            if (peer_.reading.has_begun()) [[unlikely]] {
                peer_.reading.end();
            }
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
        send_awaiter(uring_runtime& worker, connection& peer, bytes_view bytes)
            : worker_(worker), peer_(peer), bytes_(bytes) {}
        static constexpr bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) {
            waiter = coroutine;
            if (current_scope != nullptr) [[unlikely]] {
                if (!peer_.writing.begin(*this)) {
                    return;
                }
            }
            io_uring_sqe* const entry = worker_.ring_.prepare(*this);
            // With MSG_WAITALL the kernel itself goes on after a partial send (Linux 5.19).
            ::io_uring_prep_send(entry, peer_.fd.get(), bytes_.data(), bytes_.size(),
                                 MSG_NOSIGNAL | MSG_WAITALL);
            entry->opcode = worker_.send_opcode_;
            entry->flags |= peer_.entry_flags;
        }
        outcome await_resume() const {
            bool was_cancelled = false;
            if (peer_.writing.has_begun()) [[unlikely]] {
                was_cancelled = peer_.writing.end();
            }
            if (result < 0) {
                return {io_error(-result)};
            }
            const bool is_whole = static_cast<std::size_t>(result) == bytes_.size();
            return {io_error(is_whole ? 0 : was_cancelled ? ECANCELED : EPIPE)};
        }

    private:
        uring_runtime& worker_;
        connection& peer_;
        bytes_view bytes_;
    };

public:
    class stream {
    public:
        stream(uring_runtime& worker, unique_fd fd)
            : stream(worker, std::move(fd), worker.open_.accepted) {}
        receive_awaiter receive() { return {*worker_, *peer_}; }
        send_awaiter send(bytes_view bytes) { return {*worker_, *peer_, bytes}; }

    private:
        friend class uring_runtime;
        stream(uring_runtime& worker, unique_fd fd, live_set<connection>& of_its_kind)
            : worker_(&worker), peer_(new connection(worker, std::move(fd), of_its_kind)) {}

        uring_runtime* worker_;
        std::unique_ptr<connection> peer_;
    };

    static runtime_info about();
    static std::optional<std::string> unavailable() { return uring::obstacle(); }
    static std::vector<std::string> lacks();
    explicit uring_runtime(const runtime_settings& settings);
    runtime_settings configuration() const;

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        uring::make_blocking(listener);
        uring::operation accepting;
        loop_.start_helper(accept_all(listener, accepting, on_accept));
        is_serving_ = true;
        watch_mail();
        while (!is_stopping_) {
            turn(std::nullopt);
        }
        ::io_uring_prep_cancel(ring_.prepare_unawaited(), &accepting, 0);
        return drain(loop_, open_, [this](std::chrono::nanoseconds longest) { turn(longest); });
    }

    template <class Body>
    void run(Body body) {
        run_to_end(loop_, std::move(body), [this] { turn(std::nullopt); });
        while (loop_.live_helpers() != 0) {
            turn(std::nullopt);
        }
    }

    task<connected<stream>> connect(endpoint where);

private:
    template <class OnAccept>
    lazy_task<void> accept_all(int listener, uring::operation& accepting, OnAccept& on_accept) {
        while (!is_stopping_) {
            ::io_uring_prep_accept(ring_.prepare(accepting), listener, nullptr, nullptr,
                                   SOCK_CLOEXEC);
            const int result = co_await uring::completion{accepting};
            if (result >= 0) {
                set_no_delay(result);
                loop_.start(on_accept(stream(*this, unique_fd(result))));
            } else if (is_exhaustion(-result)) {
                co_await sleep_for(std::chrono::milliseconds(10));
            } else if (result != -ECANCELED && !is_passing_accept_error(-result)) {
                throw std::system_error(-result, std::generic_category(), "accept");
            }
        }
    }
    /// Runs while somebody may write: a poll of the mailbox, again and again.
    lazy_task<void> read_mail();
    void watch_mail() override;
    /// One turn: submits, waits at most `longest`, resumes what can go on.
    void turn(std::optional<std::chrono::nanoseconds> longest);

    uring::ring_options options_;
    uring::ring ring_;
    uring::file_table files_;
    std::uint8_t send_opcode_;
    connections<connection> open_;
    bool is_serving_ = false;
    bool is_reading_mail_ = false;
    bool is_stopping_ = false;
};

static_assert(full_runtime<uring_runtime>);

}  // namespace regatta
