#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/coroutine_loop.hpp"
#include "runtimes/support/drain.hpp"
#include "runtimes/support/loop_awaiters.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta {

/// The smallest runtime that fulfils the concept, on poll(2): the place to start from when you
/// write one. It is no model of anything and tests the harness: its waits end at once, so a
/// workload that should wait answers too early, which the harness must notice.
class null_runtime {
    struct receive_awaiter;
    struct send_awaiter;

    struct connection {
        unique_fd fd;
        receive_awaiter* reader = nullptr;  // who waits for bytes
        send_awaiter* writer = nullptr;     // who waits for room
        std::size_t place = 0;
        std::byte buffer[receive_bytes];

        explicit connection(unique_fd accepted) : fd(std::move(accepted)) {}
        int descriptor() const { return fd.get(); }
    };

    struct [[nodiscard]] receive_awaiter {
        connection& peer;
        std::coroutine_handle<> waiter;
        static constexpr bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) {
            waiter = coroutine;
            peer.reader = this;
        }
        received<bytes_view> await_resume();
    };

    struct [[nodiscard]] send_awaiter {
        connection& peer;
        bytes_view rest;
        std::coroutine_handle<> waiter;
        io_error error;
        bool await_ready() { return attempt(); }
        void await_suspend(std::coroutine_handle<> coroutine) {
            waiter = coroutine;
            peer.writer = this;
        }
        outcome await_resume() const { return {error}; }
        /// Sends what the socket takes; false when it must wait for room.
        bool attempt();
    };

    struct [[nodiscard]] no_wait {
        static constexpr bool await_ready() noexcept { return true; }
        static constexpr void await_suspend(std::coroutine_handle<>) noexcept {}
        outcome await_resume() const { return {}; }
    };

public:
    template <class T>
    using task = lazy_task<T>;

    class stream {
    public:
        stream(null_runtime& worker, unique_fd fd)
            : worker_(&worker), peer_(new connection(std::move(fd))) {
            worker.open_.accepted.add(*peer_);
        }
        stream(stream&&) = default;
        ~stream() {
            if (peer_) {
                worker_->open_.accepted.remove(*peer_);
            }
        }
        receive_awaiter receive() { return {*peer_, {}}; }
        send_awaiter send(bytes_view bytes) { return {*peer_, bytes, {}, {}}; }

    private:
        null_runtime* worker_;
        std::unique_ptr<connection> peer_;
    };

    static runtime_info about();
    static std::optional<std::string> unavailable() { return std::nullopt; }
    explicit null_runtime(const runtime_settings&) {}
    runtime_settings configuration() const { return {}; }
    std::vector<std::string> notes() const { return {}; }

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        while (!is_stopping_) {
            turn(listener, std::nullopt);
            while (unique_fd fd = accept(listener)) {
                loop_.start(on_accept(stream(*this, std::move(fd))));
            }
        }
        return drain(loop_, open_, [this](std::chrono::nanoseconds longest) { turn(-1, longest); });
    }

    template <class Body>
    void run(Body body) {
        run_to_end(loop_, std::move(body), [this] { loop_.attend(); });
    }

    void stop() noexcept { stop_.signal(); }

    no_wait sleep_for(std::chrono::nanoseconds) { return {}; }
    auto yield() { return yield_awaiter(loop_); }

private:
    /// Waits until a connection or `listener` is ready, at most `longest`, and resumes who waited.
    void turn(int listener, std::optional<std::chrono::nanoseconds> longest);
    static unique_fd accept(int listener);

    coroutine_loop loop_;
    connections<connection> open_;
    wake_event stop_;
    bool is_stopping_ = false;
};

static_assert(runtime<null_runtime>);

}  // namespace regatta
