// The control for the runtime `fiber_uring`: Boost.Fiber with its own round-robin scheduler. The
// thread's main fiber waits in the ring, wakes the fibers whose operations are over, and yields to
// them.
#include <liburing.h>
#include <poll.h>

#include <boost/fiber/all.hpp>
#include <memory>

#include "harness/micro/native/control.hpp"

namespace {

using boost::fibers::context;

struct operation {
    context* waiter;
    int result;
};

io_uring ring;
operation accepting{};  // of the main fiber, as is the next
operation stopping{};
std::uint64_t bytes_received_total = 0;

io_uring_sqe* next_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring);
    while (entry == nullptr) {
        io_uring_submit(&ring);
        entry = io_uring_get_sqe(&ring);
    }
    return entry;
}

// Parks the calling fiber until the operation that `entry` describes is over.
int await(io_uring_sqe* entry) {
    operation one{context::active(), 0};
    io_uring_sqe_set_data(entry, &one);
    one.waiter->suspend();
    return one.result;
}

int receive(int fd, char* buffer) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_recv(entry, fd, buffer, control::receive_bytes, 0);
    entry->ioprio |= IORING_RECVSEND_POLL_FIRST;
    return await(entry);
}

int send(int fd, const char* bytes, int count) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_send(entry, fd, bytes, static_cast<std::size_t>(count),
                       MSG_NOSIGNAL | MSG_WAITALL);
    return await(entry);
}

void echo(int fd) {
    const std::unique_ptr<char[]> buffer(new char[control::receive_bytes]);
    std::uint64_t bytes_received = 0;
    for (;;) {
        const int got = receive(fd, buffer.get());
        if (got <= 0) {
            break;
        }
        bytes_received += static_cast<std::uint64_t>(got);
        if (send(fd, buffer.get(), got) != got) {
            break;
        }
    }
    bytes_received_total += bytes_received;
    ::close(fd);
}

void accept(int listener) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_accept(entry, listener, nullptr, nullptr, SOCK_CLOEXEC);
    io_uring_sqe_set_data(entry, &accepting);
}

void on_completion(int listener, operation& over) {
    if (&over == &stopping) {
        control::report_done(bytes_received_total);
        ::_exit(0);  // fibers may still wait
    }
    if (&over != &accepting) {
        context::active()->schedule(over.waiter);
        return;
    }
    if (over.result >= 0) {
        boost::fibers::fiber(std::allocator_arg, boost::fibers::fixedsize_stack(64 << 10), echo,
                             over.result)
            .detach();
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
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_poll_add(entry, stop, POLLIN);
    io_uring_sqe_set_data(entry, &stopping);
    accept(listener);
    for (;;) {
        io_uring_submit_and_wait(&ring, 1);
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring, head, completion) {
            ++count;
            auto& over = *static_cast<operation*>(io_uring_cqe_get_data(completion));
            over.result = completion->res;
            on_completion(listener, over);
        }
        io_uring_cq_advance(&ring, count);
        boost::this_fiber::yield();
    }
}

}  // namespace

int main() {
    return control::serve(run, bytes_received_total);
}
