// An echo server that sockperf takes for its own, so that it and our generator can be timed on one
// server: a thread per connection, blocking calls. sockperf's header (its src/message.h) is 14
// bytes: sequence number, two bytes of flags, four of length, all big-endian; it wants the flag
// "from a client" taken off, and no answer to what is flagged as warm-up. Other bytes come back as
// they are.
#include <cerrno>
#include <thread>

#include "harness/micro/native/control.hpp"

namespace {

constexpr std::size_t flags_at = 9;
constexpr std::size_t length_at = 10;
constexpr std::size_t header_bytes = 14;
constexpr unsigned char from_client = 1;
constexpr unsigned char warm_up = 4;

bool is_sockperf(const unsigned char* message, std::size_t size) {
    if (size < header_bytes || (message[flags_at] & from_client) == 0) {
        return false;
    }
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < sizeof length; ++i) {
        length = length << 8 | message[length_at + i];
    }
    return length == size;
}

// Both have one message on its way, so one receive brings one message.
void serve(int fd) {
    unsigned char buffer[control::receive_bytes];
    for (;;) {
        const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        const auto size = static_cast<std::size_t>(got);
        if (is_sockperf(buffer, size)) {
            if ((buffer[flags_at] & warm_up) != 0) {
                continue;
            }
            buffer[flags_at] &= static_cast<unsigned char>(~from_client);
        }
        if (::send(fd, buffer, size, MSG_NOSIGNAL) != got) {
            break;
        }
    }
    ::close(fd);
}

[[noreturn]] void accept_all(int listener) {
    for (;;) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) {
            control::set_no_delay(fd);
            std::thread(serve, fd).detach();
        }
    }
}

}  // namespace

int main() {
    const sigset_t terminate = control::block_sigterm();
    std::thread(accept_all, control::listen_and_report()).detach();
    int signal = 0;
    sigwait(&terminate, &signal);
    control::report_done(0);
    _exit(0);  // sessions may still be in recv()
}
