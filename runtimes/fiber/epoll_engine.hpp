#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "runtimes/runtime.hpp"
#include "runtimes/support/buffer_pool.hpp"
#include "runtimes/support/fiber/scheduler.hpp"
#include "runtimes/support/mailbox.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta::fibers {

/// Fibers wait for descriptors on one epoll instance.
class epoll_engine {
    /// A descriptor's events, and the fibers that wait for them.
    struct waitable {
        context* reader = nullptr;
        context* writer = nullptr;
        // As in any edge-triggered loop: after a short receive the socket is known to be empty,
        // until the next edge; once the peer has closed, no edge will come.
        bool may_be_readable = false;
        bool is_hung_up = false;
    };

public:
    /// A socket, registered once, edge-triggered. Its operations park the calling fiber.
    class connection {
    public:
        connection(epoll_engine& engine, unique_fd fd);
        ~connection() { give_buffer_back(); }
        connection(const connection&) = delete;
        connection& operator=(const connection&) = delete;

        int descriptor() const { return fd_.get(); }
        /// The bytes are valid until the next receive finds that it must wait.
        received<bytes_view> receive();
        io_error send(bytes_view bytes);
        /// Waits for a connect() in progress.
        io_error wait_for_connection(cancel_scope& inside);

        std::size_t place = 0;  ///< live_set's

    private:
        void give_buffer_back() {
            if (buffer_ != nullptr) {
                engine_.buffers_.give_back(std::exchange(buffer_, nullptr));
            }
        }

        epoll_engine& engine_;
        unique_fd fd_;
        waitable events_;
        std::byte* buffer_ = nullptr;
    };

    epoll_engine();

    void poll(std::optional<std::chrono::nanoseconds> longest) noexcept;
    void wake() noexcept { mail_.nudge(); }

    int accept(int listener);
    io_error connect(const endpoint& where, cancel_scope& inside,
                     std::unique_ptr<connection>& into);
    mailbox& mail() { return mail_; }

private:
    void watch(int fd, waitable& entry);
    void on_mail() noexcept;

    unique_fd epoll_;
    mailbox mail_;
    waitable arrivals_;  // events of the listener, and of stop()
    int listener_ = -1;
    buffer_pool buffers_;
};

static_assert(engine<epoll_engine>);

}  // namespace regatta::fibers
