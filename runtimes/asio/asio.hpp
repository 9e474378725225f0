#pragma once

#include "runtimes/asio/blank_submissions.hpp"  // before Asio

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
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

#include "runtimes/asio/deadline.hpp"
#include "runtimes/asio/parked.hpp"
#include "runtimes/asio/scoped_wait.hpp"
#include "runtimes/runtime.hpp"
#include "runtimes/support/channel.hpp"
#include "runtimes/support/connections.hpp"
#include "runtimes/support/mailbox.hpp"
#include "runtimes/support/offload.hpp"
#include "runtimes/support/semaphore.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/support/task_group.hpp"

// g++ 12 says that a lambda written in a coroutine has no linkage, and warns of coroutine templates
// that take one.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"

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
    using error_code = boost::system::error_code;

    struct connection {
        live_set<connection>& home;  // the set it is in
        socket peer;
        std::size_t place = 0;
        on_asio::signalled_wait reading;
        on_asio::signalled_wait writing;
        std::byte buffer[receive_bytes];

        connection(asio_runtime& worker, socket opened, live_set<connection>& of_its_kind)
            : home(of_its_kind),
              peer(std::move(opened)),
              reading(worker.everything_),
              writing(worker.everything_) {
            home.add(*this);
        }
        ~connection() { home.remove(*this); }
        int descriptor() { return peer.native_handle(); }

        template <class Handler>
        void receive(Handler handler) {
            peer.async_read_some(
                boost::asio::buffer(buffer),
                on_asio::wrapped_handler<to_received, Handler>{{buffer}, std::move(handler)});
        }
        template <class Handler>
        void send(bytes_view bytes, Handler handler) {
            boost::asio::async_write(
                peer, boost::asio::buffer(bytes.data(), bytes.size()),
                on_asio::wrapped_handler<to_outcome, Handler>{{}, std::move(handler)});
        }
    };

    // What Asio gives, as what our verbs give.
    struct to_received {
        const std::byte* data;
        template <class Handler>
        void operator()(Handler& handler, const error_code& error, std::size_t size) const {
            std::move(handler)(received<bytes_view>{errno_of(error), bytes_view(data, size)});
        }
    };
    struct to_outcome {
        template <class Handler>
        void operator()(Handler& handler, const error_code& error, std::size_t = 0) const {
            std::move(handler)(outcome{errno_of(error)});
        }
    };

    /// A deferred operation that gives `Result`: that of `start()`, inside the task's scope where
    /// it has one.
    template <class Result, class Start>
    static auto operation(on_asio::signalled_wait& wait, Start start) {
        return boost::asio::async_initiate<const boost::asio::deferred_t, void(Result)>(
            [&wait, start](auto&& handler) {
                if (current_scope == nullptr) [[likely]] {
                    start(std::move(handler));
                } else {
                    on_asio::initiate_in_scope<Result>(wait, start, std::move(handler));
                }
            },
            boost::asio::deferred);
    }

    /// The same of a connect, which always waits inside a scope: the task's or the worker's.
    static auto connecting(on_asio::signalled_wait& wait, socket& opened,
                           const protocol::endpoint& to) {
        const auto start = [&opened, &to](auto&& handler) {
            using handler_type = std::decay_t<decltype(handler)>;
            opened.async_connect(
                to, on_asio::wrapped_handler<to_outcome, handler_type>{{}, std::move(handler)});
        };
        return boost::asio::async_initiate<const boost::asio::deferred_t, void(outcome)>(
            [&wait, start](auto&& handler) {
                on_asio::initiate_in_scope<outcome>(wait, start, std::move(handler));
            },
            boost::asio::deferred);
    }

    struct sleeping final : on_asio::scoped_wait {
        on_asio::timer until;
        sleeping(asio_runtime& worker, std::chrono::nanoseconds duration)
            : scoped_wait(worker.everything_), until(worker.context_.get_executor(), duration) {}
        void on_cancel() noexcept override { until.cancel(); }
    };

    /// Suspends the task until `waiting` is woken or cancelled.
    template <class Operation>
    auto suspension(on_asio::parked_in<Operation>& waiting) {
        return boost::asio::async_initiate<const boost::asio::deferred_t, void()>(
            [this, &waiting](auto&& handler) { waiting.begin(scope(), std::move(handler)); },
            boost::asio::deferred);
    }

public:
    template <class T>
    using task = boost::asio::awaitable<T, executor>;
    using task_group = regatta::task_group<asio_runtime>;
    template <class T>
    using channel = regatta::channel<asio_runtime, T>;
    using semaphore = regatta::semaphore<asio_runtime>;

    class stream {
    public:
        stream(asio_runtime& worker, socket accepted)
            : stream(worker, std::move(accepted), worker.open_.accepted) {}

        auto receive() {
            return operation<received<bytes_view>>(
                peer_->reading,
                [peer = peer_.get()](auto&& handler) { peer->receive(std::move(handler)); });
        }
        auto send(bytes_view bytes) {
            return operation<outcome>(peer_->writing, [peer = peer_.get(), bytes](auto&& handler) {
                peer->send(bytes, std::move(handler));
            });
        }

    private:
        friend class asio_runtime;
        stream(asio_runtime& worker, socket opened, live_set<connection>& of_its_kind)
            : peer_(new connection(worker, std::move(opened), of_its_kind)) {}

        std::unique_ptr<connection> peer_;
    };

    static runtime_info about();
    static std::optional<std::string> unavailable();
    explicit asio_runtime(const runtime_settings& settings);
    runtime_settings configuration() const { return {offload_.threads, offload_.scheduling}; }
    std::vector<std::string> notes() const { return notes_; }

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        acceptor accepting = adopt(listener);
        boost::asio::co_spawn(context_, accept_all(accepting, on_accept), ended());
        accepting_ = &accepting;
        watch_mail();
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

    void stop() noexcept { mail_.stop(); }

    task<outcome> sleep_for(std::chrono::nanoseconds duration);
    auto yield() {
        return boost::asio::async_initiate<const boost::asio::deferred_t, void()>(
            [this](auto&& handler) {
                using handler_type = std::decay_t<decltype(handler)>;
                boost::asio::post(context_.get_executor(),
                                  on_asio::wrapped_handler<on_asio::end_of_yield, handler_type>{
                                      {std::exchange(current_scope, nullptr)}, std::move(handler)});
            },
            boost::asio::deferred);
    }
    task<connected<stream>> connect(endpoint where);
    template <fallible T>
    task<T> with_deadline(std::chrono::nanoseconds duration, task<T> work) {
        cancel_scope inner(&scope());
        const on_asio::deadline limit(context_.get_executor(), duration, inner);
        T result = co_await within(inner, std::move(work));
        if (limit.has_expired() && result.error.value() == ECANCELED) {
            result.error = io_error(ETIMEDOUT);
        }
        co_return result;
    }
    template <class Function>
    auto offload(Function function) {
        pool();  // throws now what it may throw, not while the task suspends
        return park(offload_operation<asio_runtime, Function>(*this, std::move(function)));
    }

    // What the templates in runtimes/support need.
    using parked = on_asio::parked;
    using mutex = no_mutex;
    template <class Operation>
    auto park(Operation operation) -> task<decltype(operation.result(true))> {
        bool was_cancelled = false;
        if (!operation.attempt()) {
            was_cancelled = Operation::is_cancellable && scope().is_cancelled();
            if (!was_cancelled) {
                on_asio::parked_in<Operation> waiting(context_.get_executor(), operation);
                co_await suspension(waiting);
                was_cancelled = waiting.was_cancelled();
            }
        }
        co_return operation.result(was_cancelled);
    }
    cancel_scope& scope() { return current_scope != nullptr ? *current_scope : everything_; }
    template <class T>
    task<T> within(cancel_scope& inner, task<T> work) {
        const restored_scope restored(std::exchange(current_scope, &inner));
        T result = co_await std::move(work);
        co_return result;
    }
    void start_child(task<outcome> child, cancel_scope& scope, task_owner& owner) {
        cancel_scope* const own = std::exchange(current_scope, nullptr);
        boost::asio::co_spawn(context_, within(scope, std::move(child)),
                              [&owner](std::exception_ptr exception, outcome given) {
                                  owner.task_finished(given.error, std::move(exception));
                              });
        current_scope = own;
    }
    offload_pool& pool() {
        if (!pool_) {
            pool_ = offload_pool::shared(offload_);
        }
        return *pool_;
    }
    mailbox& mail() { return mail_; }
    void expect_mail() {
        ++expected_letters_;
        watch_mail();
    }
    void mail_came() { --expected_letters_; }
    void mail_was_withdrawn() {
        --expected_letters_;
        mail_.nudge();
    }

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
    /// Reads the mailbox while somebody may write; after stop() closes the acceptor and makes
    /// context_.run() return.
    task<void> read_mail();
    void watch_mail();
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

    std::vector<std::string> notes_;
    offload_settings offload_;
    mailbox mail_;
    cancel_scope everything_{nullptr};
    connections<connection> open_;
    boost::asio::io_context context_;
    acceptor* accepting_ = nullptr;  // while serving
    bool is_reading_mail_ = false;
    std::size_t expected_letters_ = 0;
    std::size_t live_sessions_ = 0;
    std::shared_ptr<offload_pool> pool_;
};

static_assert(full_runtime<asio_runtime>);

}  // namespace regatta

#pragma GCC diagnostic pop
