// The other control for the runtimes `asio` and `asio_uring`: Asio's own coroutines, as its
// documentation writes them. One thread runs the context, so it takes no locks.
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>

#include "harness/micro/native/control.hpp"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto as_result = asio::as_tuple(asio::deferred);

std::uint64_t bytes_received_total = 0;

asio::awaitable<void> session(tcp::socket peer) {
    std::array<char, control::receive_bytes> buffer;
    for (;;) {
        const auto [failed, count] = co_await peer.async_read_some(asio::buffer(buffer), as_result);
        if (failed) {
            co_return;
        }
        bytes_received_total += count;
        const auto [refused, sent] =
            co_await asio::async_write(peer, asio::buffer(buffer.data(), count), as_result);
        if (refused) {
            co_return;
        }
    }
}

asio::awaitable<void> accept_all(tcp::acceptor& listener) {
    for (;;) {
        auto [failed, peer] = co_await listener.async_accept(as_result);
        if (!failed) {
            asio::co_spawn(listener.get_executor(), session(std::move(peer)), asio::detached);
        } else if (!listener.is_open()) {
            co_return;
        }
    }
}

void run(int listener, int stop) {
    asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
    tcp::acceptor acceptor(context, tcp::v4(), listener);
    asio::co_spawn(context, accept_all(acceptor), asio::detached);
    asio::posix::stream_descriptor stopped(context, stop);
    stopped.async_wait(asio::posix::descriptor_base::wait_read,
                       [&context](const boost::system::error_code&) { context.stop(); });
    context.run();
}

}  // namespace

int main() {
    return control::serve(run, bytes_received_total);
}
