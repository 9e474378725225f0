#pragma once

#include <sys/socket.h>

#include <coroutine>
#include <cstdint>
#include <utility>

#include "runtimes/runtime.hpp"
#include "runtimes/support/live_set.hpp"
#include "runtimes/support/scoped_wait.hpp"
#include "runtimes/support/uring/ring.hpp"
#include "runtimes/support/uring/scoped_operation.hpp"
#include "runtimes/uring_multishot/lent_buffers.hpp"

namespace regatta::uring::multishot {

/// Low bits of a submission's user data, whose other bits are a pointer: what kind of object its
/// completions are for. An `operation` has no bit.
enum tag : std::uint64_t { operation_tag = 0, receive_tag = 1, accept_tag = 2, tag_mask = 3 };

class connection;

/// What the connections of a worker share.
struct shared {
    ring& submissions;
    lent_buffers& buffers;
    coroutine_loop& loop;
    bool has_direct_files;        ///< sockets are slots of the ring, not descriptors
    std::uint16_t receive_flags;  ///< more of IORING_RECVSEND_*
    std::uint8_t send_opcode;
    std::vector<connection*> starved;  ///< in order: receives that found no buffer
    std::size_t live = 0;              ///< connections whose socket is not yet closed

    /// The flags of submission entries that name a connection's socket.
    std::uint8_t entry_flags() const { return has_direct_files ? IOSQE_FIXED_FILE : 0; }
    /// Closes a socket that has no connection.
    void close(int file);
    /// Lets as many starved connections receive as there are buffers again.
    void feed_starved();
};

/// A socket with one multishot receive, which puts whatever arrives into provided buffers. What the
/// session has not asked for yet is queued; when that is more than `queue_limit` pieces the receive
/// is cancelled until the session has caught up, so that a slow session holds few buffers and its
/// peer is slowed down by TCP.
class connection {
public:
    static constexpr unsigned queue_limit = 4;

    connection(shared& worker, int file, live_set<connection>& of_its_kind)
        : home(of_its_kind),
          writing(worker.submissions, worker.loop),
          worker_(worker),
          file_(file),
          reading_(worker.loop) {
        if (worker.send_opcode == IORING_OP_SEND_ZC) {
            writing.reset_when_cancelled(file, worker.entry_flags());
        }
        ++worker.live;
        home.add(*this);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    int file() const { return file_; }
    const shared& worker() const { return worker_; }

    /// Whether bytes are there, or none will come.
    bool is_ready() const { return first_ != nullptr || has_ended_; }
    /// Resumes `waiter` once is_ready().
    void await_bytes(std::coroutine_handle<> waiter) {
        if (current_scope != nullptr) [[unlikely]] {
            reading_.begin(waiter);
        } else {
            reader_ = waiter;
        }
        if (!is_armed_ && !is_starved_) [[unlikely]] {
            arm();
        }
    }
    /// What is_ready() promised: bytes, or none at the end of the stream, or an error.
    received<lent_bytes> take();

    /// A completion of the receive.
    void on_received(const io_uring_cqe& completion);
    /// Buffers are there again.
    void on_fed() {
        is_starved_ = false;
        if (has_reader()) {  // else it was cancelled, and whoever asks next arms it
            arm();
        }
    }
    /// As shutdown(2); both ways resets the connection.
    void shut_down(int how);
    /// The session is over: cancels the receive, closes the socket and frees this object, now or
    /// when the kernel has let go of it.
    void release();

    live_set<connection>& home;  ///< the set it is in
    std::size_t place = 0;       ///< live_set's
    scoped_operation writing;    ///< its send, inside a scope

private:
    ~connection() { --worker_.live; }

    bool has_reader() const { return reader_ || reading_.is_waiting(); }
    void resume_reader();

    void arm();
    void cancel_receive();
    void on_last_completion(int result);
    void append(block& pieces);
    void close_and_free();

    shared& worker_;
    int file_;  // slot or descriptor
    unsigned queued_ = 0;
    block* first_ = nullptr;  // received and not yet asked for
    block* last_ = nullptr;
    std::coroutine_handle<> reader_;
    scoped_wait reading_;  // instead of reader_, inside a scope
    int error_ = 0;
    bool is_armed_ = false;      // the kernel has a receive in hand
    bool is_cancelled_ = false;  // and was asked to end it
    bool is_starved_ = false;    // in shared::starved
    bool has_ended_ = false;     // no more bytes will come
    bool is_released_ = false;
};

class [[nodiscard]] receive_awaiter {
public:
    explicit receive_awaiter(connection& peer) : peer_(peer) {}
    bool await_ready() const noexcept { return peer_.is_ready(); }
    void await_suspend(std::coroutine_handle<> waiter) { peer_.await_bytes(waiter); }
    received<lent_bytes> await_resume() { return peer_.take(); }

private:
    connection& peer_;
};

class [[nodiscard]] send_awaiter : operation {
public:
    send_awaiter(connection& peer, bytes_view bytes) : peer_(peer), bytes_(bytes) {}
    static constexpr bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
        waiter = coroutine;
        if (current_scope != nullptr) [[unlikely]] {
            if (!peer_.writing.begin(*this)) {
                return;
            }
        }
        const shared& worker = peer_.worker();
        io_uring_sqe* const entry = worker.submissions.prepare(*this);
        // With MSG_WAITALL the kernel itself goes on after a partial send (Linux 5.19).
        ::io_uring_prep_send(entry, peer_.file(), bytes_.data(), bytes_.size(),
                             MSG_NOSIGNAL | MSG_WAITALL);
        entry->opcode = worker.send_opcode;
        entry->flags |= worker.entry_flags();
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
    connection& peer_;
    bytes_view bytes_;
};

/// live_set's shut_down() for sockets without a descriptor: through the ring, with the next turn.
inline void shut_down(const live_set<connection>& open, int how) {
    for (connection* const each : open) {
        each->shut_down(how);
    }
}

}  // namespace regatta::uring::multishot
