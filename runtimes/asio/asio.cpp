#include "runtimes/asio/asio.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/version.hpp>

#include <string>

namespace regatta {

namespace asio = boost::asio;

runtime_info asio_runtime::about() {
    return {"asio",
            "coroutine",
            "epoll",
            "Boost.Asio with C++20 coroutines, one io_context per worker",
            {{"boost", std::to_string(BOOST_VERSION / 100000) + "." +
                           std::to_string(BOOST_VERSION / 100 % 1000) + "." +
                           std::to_string(BOOST_VERSION % 100)}},
            {}};
}

// One thread runs the context, and stop() reaches it through a descriptor, so it needs no locks at
// all.
asio_runtime::asio_runtime(const runtime_settings&)
    : context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE) {}

asio_runtime::acceptor asio_runtime::adopt(int listener) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    check(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
    return acceptor(context_.get_executor(), protocol(address.ss_family, 0),
                    check(::dup(listener), "dup"));
}

asio_runtime::task<void> asio_runtime::stop_accepting(acceptor& accepting) {
    asio::posix::basic_stream_descriptor<executor> stopped(context_.get_executor(),
                                                           check(::dup(stop_.fd()), "dup"));
    co_await stopped.async_wait(asio::posix::descriptor_base::wait_read,
                                asio::as_tuple(asio::deferred));
    accepting.close();
    context_.stop();
}

std::size_t asio_runtime::drain() {
    const auto deadline = std::chrono::steady_clock::now() + drain_deadline;
    context_.restart();
    shut_down(open_, SHUT_RD);
    while (live_sessions_ != 0 && std::chrono::steady_clock::now() < deadline) {
        context_.run_one_until(deadline);
    }
    const std::size_t aborted = live_sessions_;
    is_aborting_ = true;
    shut_down(open_, SHUT_RDWR);
    for (sleep* const entry : sleeps_) {
        entry->until.cancel();
    }
    context_.run();
    return aborted;
}

asio_runtime::task<outcome> asio_runtime::sleep_for(std::chrono::nanoseconds duration) {
    if (is_aborting_) {
        co_return outcome{io_error(ECANCELED)};
    }
    sleep entry{timer(context_.get_executor(), duration)};
    sleeps_.add(entry);
    const auto [error] = co_await entry.until.async_wait(asio::as_tuple(asio::deferred));
    sleeps_.remove(entry);
    co_return outcome{io_error(error ? ECANCELED : 0)};
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
