// The workload `http` with one more header field in each reply than our generator expects, so that
// it cannot compare the bytes and must parse them, as it does with servers in other languages. The
// requests are parsed by what the workload uses; the loop is a plain one on epoll. It is here for
// the generator's sake, and no control of a runtime.
#include <sys/epoll.h>

#include <cerrno>
#include <memory>
#include <unordered_map>

#include "harness/micro/native/control.hpp"
#include "workloads/support/http_conversation.hpp"

namespace {

constexpr std::size_t document_bytes = 64;  // the workload's default
std::uint64_t replies_total = 0;

struct connection {
    explicit connection(int socket) : fd(socket) {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() { ::close(fd); }

    int fd;
    regatta::http::conversation talk{document_bytes, "Server: other\r\n"};
};

void watch(int epoll, int fd, void* source) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = source;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        control::fail("epoll_ctl");
    }
}

// The socket blocks, as a client in a closed loop takes its replies.
bool send_all(int fd, regatta::bytes_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return false;
        }
        bytes = bytes.subspan(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
    return true;
}

// False when the connection is over.
bool on_readable(connection& peer) {
    std::byte buffer[control::receive_bytes];
    const ssize_t got = ::recv(peer.fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    peer.talk.feed({buffer, static_cast<std::size_t>(got)});
    for (auto reply = peer.talk.next(); !reply.empty(); reply = peer.talk.next()) {
        if (!send_all(peer.fd, reply)) {
            return false;
        }
        replies_total += peer.talk.replies();
    }
    return !peer.talk.is_over();
}

void run(int listener, int stop) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        control::fail("epoll_create1");
    }
    std::unordered_map<int, std::unique_ptr<connection>> connections;
    watch(epoll, listener, &listener);
    watch(epoll, stop, nullptr);
    epoll_event events[64];
    for (;;) {
        const int count = ::epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < count; ++i) {
            void* const source = events[i].data.ptr;
            if (source == nullptr) {
                return;
            }
            if (source == &listener) {
                const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
                if (fd >= 0) {
                    control::set_no_delay(fd);
                    auto& peer = connections[fd] = std::make_unique<connection>(fd);
                    watch(epoll, fd, peer.get());
                }
            } else if (auto& peer = *static_cast<connection*>(source); !on_readable(peer)) {
                connections.erase(peer.fd);
            }
        }
    }
}

}  // namespace

int main() {
    control::raise_descriptor_limit();
    const sigset_t terminate = control::block_sigterm();
    const int listener = control::listen_and_report();
    ::fcntl(listener, F_SETFL, O_NONBLOCK);
    const int stop = ::eventfd(0, EFD_CLOEXEC);
    if (stop < 0) {
        control::fail("eventfd");
    }
    std::thread loop(run, listener, stop);
    int signal = 0;
    sigwait(&terminate, &signal);
    ::eventfd_write(stop, 1);
    loop.join();
    std::printf("{\"event\":\"done\",\"counters\":{\"requests\":%llu}}\n",
                static_cast<unsigned long long>(replies_total));
}
