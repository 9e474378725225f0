// The control for the runtime `thread`: a thread per connection, blocking calls, no abstraction.
#include <atomic>
#include <cerrno>
#include <thread>

#include "harness/micro/native/control.hpp"

namespace {

std::atomic<std::uint64_t> bytes_received_total{0};

bool send_all(int fd, const char* bytes, std::size_t count) {
    while (count > 0) {
        const ssize_t sent = ::send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        bytes += sent;
        count -= static_cast<std::size_t>(sent);
    }
    return true;
}

void serve(int fd) {
    char buffer[control::receive_bytes];
    std::uint64_t bytes_received = 0;
    for (;;) {
        const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        bytes_received += static_cast<std::uint64_t>(got);
        if (!send_all(fd, buffer, static_cast<std::size_t>(got))) {
            break;
        }
    }
    ::close(fd);
    bytes_received_total += bytes_received;
}

[[noreturn]] void accept_all(int listener) {
    for (;;) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        control::set_no_delay(fd);
        std::thread(serve, fd).detach();
    }
}

}  // namespace

int main() {
    control::raise_descriptor_limit();
    const sigset_t terminate = control::block_sigterm();
    std::thread(accept_all, control::listen_and_report()).detach();
    int signal = 0;
    sigwait(&terminate, &signal);
    control::report_done(bytes_received_total);
    _exit(0);  // sessions may still be in recv()
}
