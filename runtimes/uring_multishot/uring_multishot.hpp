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
#include "runtimes/uring_multishot/connection.hpp"
#include "runtimes/uring_multishot/lent_buffers.hpp"

namespace regatta {

/// Our coroutine loop on io_uring with everything that a ring can do for a server:
/// - multishot accept (Linux 5.19) straight into slots of the ring: no descriptor is installed;
/// - one multishot receive per connection (6.0) into provided buffers (5.19), which are lent to the
///   session: a request costs one submission, its send, and an idle connection holds no buffer.
class uring_multishot_runtime final : public coroutine_worker {
    using connection = uring::multishot::connection;

public:
    class stream {
    public:
        stream(uring_multishot_runtime& worker, int file)
            : stream(worker, file, worker.open_.accepted) {}
        stream(stream&& other) noexcept : peer_(std::exchange(other.peer_, nullptr)) {}
        stream& operator=(stream&&) = delete;
        ~stream() {
            if (peer_ != nullptr) {
                peer_->release();
            }
        }
        uring::multishot::receive_awaiter receive() {
            return uring::multishot::receive_awaiter(*peer_);
        }
        uring::multishot::send_awaiter send(bytes_view bytes) { return {*peer_, bytes}; }

    private:
        friend class uring_multishot_runtime;
        stream(uring_multishot_runtime& worker, int file, live_set<connection>& of_its_kind)
            : peer_(new connection(worker.shared_, file, of_its_kind)) {}

        connection* peer_;  // frees itself after release()
    };

    static runtime_info about();
    static std::optional<std::string> unavailable();
    static std::vector<std::string> lacks();
    explicit uring_multishot_runtime(const runtime_settings& settings);
    runtime_settings configuration() const;

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        uring::make_blocking(listener);
        listener_ = listener;
        accept_more();
        is_serving_ = true;
        watch_mail();
        while (!is_stopping_) {
            turn(std::nullopt);
            for (const int file : std::exchange(accepted_, {})) {
                loop_.start(on_accept(stream(*this, file)));
            }
        }
        stop_accepting();
        const std::size_t aborted =
            drain(loop_, open_, [this](std::chrono::nanoseconds longest) { turn(longest); });
        close_rest();
        return aborted;
    }

    template <class Body>
    void run(Body body) {
        run_to_end(loop_, std::move(body), [this] { turn(std::nullopt); });
        while (loop_.live_helpers() != 0) {
            turn(std::nullopt);
        }
        close_rest();
    }

    task<connected<stream>> connect(endpoint where);

private:
    /// One turn: submits, waits at most `longest`, resumes what can go on.
    void turn(std::optional<std::chrono::nanoseconds> longest);
    void dispatch(const io_uring_cqe& event);
    void accept_more();
    lazy_task<void> accept_later();
    static lazy_task<void> give_up_accepting(int error);
    void on_accepted(const io_uring_cqe& event);
    /// Reads the mailbox while somebody may write.
    lazy_task<void> read_mail();
    void watch_mail() override;
    void stop_accepting();
    /// Waits until the kernel has let go of all connections and closed their sockets.
    void close_rest();

    uring::ring_options options_;
    uring::ring ring_;
    uring::lent_buffers buffers_;
    uring::multishot::shared shared_;
    connections<connection> open_;
    std::vector<int> accepted_;  // whose sessions have not begun
    int listener_ = -1;
    bool is_accepting_ = false;  // the kernel has the accept in hand
    bool is_serving_ = false;
    bool is_reading_mail_ = false;
    bool is_stopping_ = false;
};

static_assert(full_runtime<uring_multishot_runtime>);

}  // namespace regatta
