// The control for the runtimes `asio` and `asio_uring`, which differ in how Asio is compiled: its
// own callbacks, no coroutine. One thread runs the context, so it takes no locks.
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "harness/micro/native/control.hpp"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::uint64_t bytes_received_total = 0;

class session : public std::enable_shared_from_this<session> {
public:
    explicit session(tcp::socket accepted) : peer_(std::move(accepted)) {}

    void receive() {
        peer_.async_read_some(
            asio::buffer(buffer_),
            [self = shared_from_this()](const error_code& error, std::size_t count) {
                if (!error) {
                    bytes_received_total += count;
                    self->send(count);
                }
            });
    }

private:
    void send(std::size_t count) {
        asio::async_write(peer_, asio::buffer(buffer_.data(), count),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (!error) {
                                  self->receive();
                              }
                          });
    }

    tcp::socket peer_;
    std::array<char, control::receive_bytes> buffer_;
};

void accept(tcp::acceptor& listener) {
    listener.async_accept([&listener](const error_code& error, tcp::socket peer) {
        if (!error) {
            std::make_shared<session>(std::move(peer))->receive();
        }
        if (listener.is_open()) {
            accept(listener);
        }
    });
}

void run(int listener, int stop) {
    asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
    tcp::acceptor acceptor(context, tcp::v4(), listener);
    accept(acceptor);
    asio::posix::stream_descriptor stopped(context, stop);
    stopped.async_wait(asio::posix::descriptor_base::wait_read,
                       [&context](const error_code&) { context.stop(); });
    context.run();
}

}  // namespace

int main() {
    return control::serve(run, bytes_received_total);
}
