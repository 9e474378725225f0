#pragma once

#include <sys/epoll.h>

#include <memory>
#include <span>
#include <vector>

#include "runtimes/epoll/connection.hpp"
#include "runtimes/runtime.hpp"
#include "runtimes/support/buffer_pool.hpp"
#include "runtimes/support/connecting.hpp"
#include "runtimes/support/coroutine_worker.hpp"
#include "runtimes/support/drain.hpp"

namespace regatta {

/// Our minimal coroutine loop on epoll: the readable baseline. Each worker is one thread with one
/// epoll instance; a connection is registered once, edge-triggered.
class epoll_runtime final : public coroutine_worker {
public:
    class stream {
    public:
        stream(epoll_runtime& worker, std::unique_ptr<epoll::connection> peer)
            : worker_(&worker), peer_(std::move(peer)) {}
        stream(stream&&) = default;
        ~stream() {
            if (peer_) {
                worker_->close(std::move(peer_));
            }
        }
        epoll::receive_awaiter receive() { return epoll::receive_awaiter(*peer_); }
        epoll::send_awaiter send(const bytes_view& bytes) { return {*peer_, bytes}; }

    private:
        friend class epoll_runtime;
        epoll_runtime* worker_;
        std::unique_ptr<epoll::connection> peer_;
    };

    static runtime_info about();
    static std::optional<std::string> unavailable() { return std::nullopt; }
    explicit epoll_runtime(const runtime_settings& settings);
    runtime_settings configuration() const { return {offload_.threads, offload_.scheduling}; }

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        watch_listener(listener);
        while (!is_stopping_) {
            turn(std::nullopt);
            while (is_acceptable_) {
                if (auto peer = accept(listener)) {
                    loop_.start(on_accept(stream(*this, std::move(peer))));
                }
            }
        }
        forget_listener(listener);
        return drain(loop_, open_, [this](std::chrono::nanoseconds longest) { turn(longest); });
    }

    template <class Body>
    void run(Body body) {
        run_to_end(loop_, std::move(body), [this] { turn(std::nullopt); });
    }

    task<connected<stream>> connect(endpoint where);

private:
    /// Fetches events, waiting at most `longest` and no longer than the loop's own work allows.
    int wait(std::span<epoll_event> events, std::optional<std::chrono::nanoseconds> longest);
    void on_own_event(std::uint64_t key);
    /// Waits for events, at most `longest`, and resumes all that can go on. Without `longest` it
    /// goes on until something needs attention.
    void turn(std::optional<std::chrono::nanoseconds> longest);
    void watch_listener(int listener);
    void forget_listener(int listener);
    /// The next connection, or null; clears is_acceptable_ when there is none for now.
    std::unique_ptr<epoll::connection> accept(int listener);
    lazy_task<void> accept_later(int listener);
    std::unique_ptr<epoll::connection> adopt(unique_fd socket,
                                             live_set<epoll::connection>& of_its_kind);
    void close(std::unique_ptr<epoll::connection> peer);

    unique_fd epoll_;
    buffer_pool buffers_;
    connections<epoll::connection> open_;
    // Closed in this turn: an event that was fetched with others may still point to them.
    std::vector<std::unique_ptr<epoll::connection>> closed_;
    bool is_acceptable_ = false;
    bool is_stopping_ = false;
};

static_assert(full_runtime<epoll_runtime>);

}  // namespace regatta
