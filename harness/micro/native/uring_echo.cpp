// The control for the runtime `uring`: one submission per operation, a state machine per
// connection, no coroutine; the ring's flags are those that the runtime takes.
#include <liburing.h>
#include <poll.h>

#include "harness/micro/native/control.hpp"

namespace {

struct connection {
    int fd;
    bool is_sending;
    char buffer[control::receive_bytes];
};

io_uring ring;
std::uint64_t bytes_received_total = 0;
// User data of what is not a connection.
constexpr std::uint64_t accept_key = 1;
constexpr std::uint64_t stop_key = 2;

io_uring_sqe* next_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring);
    while (entry == nullptr) {
        io_uring_submit(&ring);
        entry = io_uring_get_sqe(&ring);
    }
    return entry;
}

void accept(int listener) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_accept(entry, listener, nullptr, nullptr, SOCK_CLOEXEC);
    io_uring_sqe_set_data64(entry, accept_key);
}

void receive(connection& peer) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_recv(entry, peer.fd, peer.buffer, sizeof peer.buffer, 0);
    entry->ioprio |= IORING_RECVSEND_POLL_FIRST;
    io_uring_sqe_set_data(entry, &peer);
    peer.is_sending = false;
}

void send(connection& peer, int count) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_send(entry, peer.fd, peer.buffer, static_cast<std::size_t>(count),
                       MSG_NOSIGNAL | MSG_WAITALL);
    io_uring_sqe_set_data(entry, &peer);
    peer.is_sending = true;
}

void on_completion(connection& peer, int result) {
    if (result <= 0) {
        ::close(peer.fd);
        delete &peer;
    } else if (peer.is_sending) {
        receive(peer);
    } else {
        bytes_received_total += static_cast<std::uint64_t>(result);
        send(peer, result);
    }
}

void on_accept(int listener, int fd) {
    if (fd >= 0) {
        auto* const peer = new connection;
        peer->fd = fd;
        receive(*peer);
    }
    accept(listener);
}

void run(int listener, int stop) {
    io_uring_params parameters{};
    parameters.flags =
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    parameters.cq_entries = 32768;
    if (io_uring_queue_init_params(4096, &ring, &parameters) != 0) {
        control::fail("io_uring_setup");
    }
    io_uring_register_ring_fd(&ring);
    io_uring_sqe* const stopping = next_entry();
    io_uring_prep_poll_add(stopping, stop, POLLIN);
    io_uring_sqe_set_data64(stopping, stop_key);
    accept(listener);
    for (bool is_over = false; !is_over;) {
        io_uring_submit_and_wait(&ring, 1);
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring, head, completion) {
            ++count;
            if (completion->user_data == accept_key) {
                on_accept(listener, completion->res);
            } else if (completion->user_data == stop_key) {
                is_over = true;
            } else {
                on_completion(*static_cast<connection*>(io_uring_cqe_get_data(completion)),
                              completion->res);
            }
        }
        io_uring_cq_advance(&ring, count);
    }
    io_uring_queue_exit(&ring);
}

}  // namespace

int main() {
    return control::serve(run, bytes_received_total);
}
