#include "runtimes/asio/asio.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/version.hpp>

#include <string>

#ifdef BOOST_ASIO_HAS_IO_URING_AS_DEFAULT
#include "runtimes/support/uring/ring.hpp"
#endif

namespace regatta {

namespace asio = boost::asio;

namespace {

std::span<const parameter> parameters() {
    static const parameter declared[] = {offload_pool::threads_parameter,
                                         offload_pool::scheduling_parameter()};
    return declared;
}

std::vector<std::pair<std::string, std::string>> versions() {
    return {
        {"boost", std::to_string(BOOST_VERSION / 100000) + "." +
                      std::to_string(BOOST_VERSION / 100 % 1000) + "." +
                      std::to_string(BOOST_VERSION % 100)},
#ifdef BOOST_ASIO_HAS_IO_URING_AS_DEFAULT
        {"liburing", REGATTA_LIBURING_VERSION},
#endif
    };
}

}  // namespace

// The same source is built twice: Asio takes its engine at compile time.
#ifdef BOOST_ASIO_HAS_IO_URING_AS_DEFAULT
runtime_info asio_runtime::about() {
    return {"asio_uring",
            "coroutine",
            "io_uring",
            "Boost.Asio with C++20 coroutines on its io_uring backend, one io_context per worker",
            versions(),
            parameters()};
}

std::optional<std::string> asio_runtime::unavailable() {
    return uring::obstacle();
}
#else
runtime_info asio_runtime::about() {
    return {"asio",     "coroutine",
            "epoll",    "Boost.Asio with C++20 coroutines, one io_context per worker",
            versions(), parameters()};
}

std::optional<std::string> asio_runtime::unavailable() {
    return std::nullopt;
}
#endif

// One thread runs the context, and stop() reaches it through a descriptor, so it needs no locks at
// all.
asio_runtime::asio_runtime(const runtime_settings& settings)
    : offload_(offload_pool::grant(settings.at(0), settings.at(1), notes_)),
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE) {}

asio_runtime::acceptor asio_runtime::adopt(int listener) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    check(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
    return acceptor(context_.get_executor(), protocol(address.ss_family, 0),
                    check(::dup(listener), "dup"));
}

void asio_runtime::watch_mail() {
    if (!std::exchange(is_reading_mail_, true)) {
        asio::co_spawn(context_, read_mail(), ended());
    }
}

asio_runtime::task<void> asio_runtime::read_mail() {
    asio::posix::basic_stream_descriptor<executor> box(context_.get_executor(),
                                                       check(::dup(mail_.fd()), "dup"));
    while (accepting_ != nullptr || expected_letters_ != 0) {
        co_await box.async_wait(asio::posix::descriptor_base::wait_read,
                                asio::as_tuple(asio::deferred));
        mail_.take();
        if (mail_.is_stopping() && accepting_ != nullptr) {
            std::exchange(accepting_, nullptr)->close();
            context_.stop();
        }
    }
    is_reading_mail_ = false;
}

std::size_t asio_runtime::drain() {
    const auto deadline = std::chrono::steady_clock::now() + drain_deadline;
    context_.restart();
    shut_down(open_.accepted, SHUT_RD);
    while (live_sessions_ != 0 && std::chrono::steady_clock::now() < deadline) {
        context_.run_one_until(deadline);
    }
    const std::size_t aborted = live_sessions_;
    everything_.cancel();
    shut_down(open_.accepted, SHUT_RDWR);
    shut_down(open_.opened, SHUT_RDWR);
    context_.run();
    return aborted;
}

asio_runtime::task<outcome> asio_runtime::sleep_for(std::chrono::nanoseconds duration) {
    sleeping entry(*this, duration);
    if (!entry.begin()) {
        entry.end();
        co_return outcome{io_error(ECANCELED)};
    }
    const auto [error] = co_await entry.until.async_wait(asio::as_tuple(asio::deferred));
    entry.end();
    co_return outcome{io_error(error ? ECANCELED : 0)};
}

asio_runtime::task<connected<asio_runtime::stream>> asio_runtime::connect(endpoint where) {
    using result = connected<stream>;
    const protocol::endpoint to(where.address(), where.length());
    socket opened(context_.get_executor());
    error_code failed;
    opened.open(to.protocol(), failed);
    if (failed) {
        co_return result{errno_of(failed), std::nullopt};
    }
    set_no_delay(opened.native_handle());
    on_asio::signalled_wait waiting(everything_);
    const auto [refused] = co_await connecting(waiting, opened, to);
    if (refused) {
        co_return result{refused, std::nullopt};
    }
    // Asio takes the EAGAIN of a Unix socket whose queue is full for a connection in progress, and
    // the unconnected socket, which is writable, for its end.
    if (where.family() == AF_UNIX && !is_connected(opened.native_handle())) {
        co_return result{io_error(EAGAIN), std::nullopt};
    }
    co_return result{io_error(), stream(*this, std::move(opened), open_.opened)};
}

void asio_runtime::report(std::exception_ptr error) {
    if (!error) {
        return;
    }
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "a task ended by an exception: %s\n", failure.what());
    }
}

}  // namespace regatta
