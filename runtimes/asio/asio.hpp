#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <cstdio>
#include <memory>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/live_set.hpp"
#include "runtimes/support/socket.hpp"

namespace regatta {

/// Boost.Asio with C++20 coroutines (asio::awaitable). A worker is one thread with an io_context of
/// its own that takes no locks. The I/O objects name the executor's concrete type, so that nothing
/// is type-erased, and the primitives are deferred operations, which the awaiting coroutine starts
/// without a frame of their own.
class asio_runtime {
    using executor = boost::asio::io_context::executor_type;
    using protocol = boost::asio::generic::stream_protocol;
    using socket = boost::asio::basic_stream_socket<protocol, executor>;
    using acceptor = boost::asio::basic_socket_acceptor<protocol, executor>;
    using timer = boost::asio::basic_waitable_timer<
        std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, executor>;
    using error_code = boost::system::error_code;

    struct connection {
        socket peer;
        std::size_t place = 0;
        std::byte buffer[receive_bytes];

        explicit connection(socket accepted) : peer(std::move(accepted)) {}
        int descriptor() { return peer.native_handle(); }
    };
    struct sleep {
        timer until;
        std::size_t place = 0;
    };

public:
    template <class T>
    using task = boost::asio::awaitable<T, executor>;

    class stream {
    public:
        stream(asio_runtime& worker, socket accepted)
            : worker_(&worker), peer_(new connection(std::move(accepted))) {
            worker.open_.add(*peer_);
        }
        stream(stream&&) = default;
        ~stream() {
            if (peer_) {
                worker_->open_.remove(*peer_);
            }
        }

        auto receive() {
            return peer_->peer.async_read_some(
                boost::asio::buffer(peer_->buffer),
                boost::asio::deferred(
                    [bytes = peer_->buffer](const error_code& error, std::size_t size) {
                        return boost::asio::deferred.values(
                            received<bytes_view>{errno_of(error), bytes_view(bytes, size)});
                    }));
        }
        auto send(bytes_view bytes) {
            return boost::asio::async_write(
                peer_->peer, boost::asio::buffer(bytes.data(), bytes.size()),
                boost::asio::deferred([](const error_code& error, std::size_t) {
                    return boost::asio::deferred.values(outcome{errno_of(error)});
                }));
        }

    private:
        asio_runtime* worker_;
        std::unique_ptr<connection> peer_;
    };

    static runtime_info about();
    static std::optional<std::string> unavailable() { return std::nullopt; }
    explicit asio_runtime(const runtime_settings& settings);
    runtime_settings configuration() const { return {}; }
    std::vector<std::string> notes() const { return {}; }

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        acceptor accepting = adopt(listener);
        boost::asio::co_spawn(context_, accept_all(accepting, on_accept), ended());
        boost::asio::co_spawn(context_, stop_accepting(accepting), ended());
        context_.run();
        return drain();
    }

    template <class Body>
    void run(Body body) {
        std::exception_ptr failure;
        boost::asio::co_spawn(context_, body(), [&](std::exception_ptr error) { failure = error; });
        context_.restart();
        context_.run();
        if (failure) {
            std::rethrow_exception(failure);
        }
    }

    void stop() noexcept { stop_.signal(); }

    task<outcome> sleep_for(std::chrono::nanoseconds duration);
    auto yield() { return boost::asio::post(context_.get_executor(), boost::asio::deferred); }

private:
    // The end of the stream is no error here: it is a receive without bytes.
    static io_error errno_of(const error_code& error) {
        if (!error || error.category() != boost::system::system_category()) {
            return io_error();
        }
        return io_error(error.value());
    }

    template <class OnAccept>
    task<void> accept_all(acceptor& accepting, OnAccept& on_accept) {
        for (;;) {
            auto [error, peer] =
                co_await accepting.async_accept(boost::asio::as_tuple(boost::asio::deferred));
            if (!error) {
                set_no_delay(peer.native_handle());
                ++live_sessions_;
                boost::asio::co_spawn(context_, on_accept(stream(*this, std::move(peer))),
                                      ended_session());
            } else if (!accepting.is_open()) {
                co_return;
            } else if (is_exhaustion(error.value())) {
                co_await sleep_for(std::chrono::milliseconds(10));
            } else if (!is_passing_accept_error(error.value())) {
                throw boost::system::system_error(error, "accept");
            }
        }
    }
    acceptor adopt(int listener);
    /// Waits for stop(), then closes the acceptor and makes context_.run() return.
    task<void> stop_accepting(acceptor& accepting);
    std::size_t drain();

    static auto ended() {
        return [](std::exception_ptr error) { report(error); };
    }
    auto ended_session() {
        return [this](std::exception_ptr error) {
            report(error);
            --live_sessions_;
        };
    }
    static void report(std::exception_ptr error);

    boost::asio::io_context context_;
    wake_event stop_;
    live_set<connection> open_;
    live_set<sleep> sleeps_;
    std::size_t live_sessions_ = 0;
    bool is_aborting_ = false;
};

static_assert(runtime<asio_runtime>);

}  // namespace regatta
