// The control for the runtime `uring_multishot`: multishot accept into slots of the ring, one
// multishot receive per connection into provided buffers, a send straight from the buffer. What the
// peer sent meanwhile waits its turn in a list of buffer numbers.
#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>

#include <vector>

#include "harness/micro/native/control.hpp"

namespace {

constexpr unsigned buffer_count = 256;
constexpr unsigned slot_count = 16384;

struct connection {
    bool is_open = false;
    bool is_receiving = false;
    bool is_sending = false;
    unsigned sending = 0;            // the buffer in hand
    std::vector<unsigned> received;  // buffers to send after it
};

io_uring ring;
io_uring_buf_ring* buffers = nullptr;
char* memory = nullptr;
unsigned sizes[buffer_count];
std::vector<connection> connections(slot_count);
std::vector<unsigned> starved;  // slots whose receive found no buffer
std::uint64_t bytes_received_total = 0;

// User data: what, and of which slot.
enum kind : std::uint64_t { accepting, stopping, receiving, sending, ignored };

io_uring_sqe* next_entry(kind what, unsigned slot) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring);
    while (entry == nullptr) {
        io_uring_submit(&ring);
        entry = io_uring_get_sqe(&ring);
    }
    io_uring_sqe_set_data64(entry, (std::uint64_t{slot} << 8) | what);
    return entry;
}

void provide(unsigned id) {
    io_uring_buf_ring_add(buffers, memory + id * control::receive_bytes,
                          static_cast<unsigned>(control::receive_bytes),
                          static_cast<unsigned short>(id), io_uring_buf_ring_mask(buffer_count), 0);
    io_uring_buf_ring_advance(buffers, 1);
}

void accept(int listener) {
    io_uring_prep_multishot_accept_direct(next_entry(accepting, 0), listener, nullptr, nullptr, 0);
}

void receive(unsigned slot) {
    io_uring_sqe* const entry = next_entry(receiving, slot);
    io_uring_prep_recv_multishot(entry, static_cast<int>(slot), nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE;
    entry->buf_group = 0;
    connections[slot].is_receiving = true;
}

void send(unsigned slot, unsigned id) {
    io_uring_sqe* const entry = next_entry(sending, slot);
    io_uring_prep_send(entry, static_cast<int>(slot), memory + id * control::receive_bytes,
                       sizes[id], MSG_NOSIGNAL | MSG_WAITALL);
    entry->flags |= IOSQE_FIXED_FILE;
    connections[slot].sending = id;
    connections[slot].is_sending = true;
}

void close_if_done(unsigned slot) {
    connection& peer = connections[slot];
    if (!peer.is_open && !peer.is_receiving && !peer.is_sending) {
        io_uring_prep_close_direct(next_entry(ignored, 0), slot);
        for (const unsigned id : peer.received) {
            provide(id);
        }
        peer = connection();
    }
}

void on_received(unsigned slot, int result, unsigned flags) {
    connection& peer = connections[slot];
    peer.is_receiving = (flags & IORING_CQE_F_MORE) != 0;
    if (result > 0) {
        bytes_received_total += static_cast<std::uint64_t>(result);
        const unsigned id = flags >> IORING_CQE_BUFFER_SHIFT;
        sizes[id] = static_cast<unsigned>(result);
        if (peer.is_sending) {
            peer.received.push_back(id);
        } else {
            send(slot, id);
        }
        if (!peer.is_receiving) {
            receive(slot);
        }
    } else if (result == -ENOBUFS) {
        starved.push_back(slot);
    } else {
        peer.is_open = false;
        close_if_done(slot);
    }
}

void on_sent(unsigned slot, int result) {
    connection& peer = connections[slot];
    peer.is_sending = false;
    provide(peer.sending);
    if (result > 0 && !peer.received.empty()) {
        const unsigned id = peer.received.front();
        peer.received.erase(peer.received.begin());
        send(slot, id);
    }
    close_if_done(slot);
}

void dispatch(int listener, const io_uring_cqe& completion, bool& is_over) {
    const auto slot = static_cast<unsigned>(completion.user_data >> 8);
    switch (completion.user_data & 0xff) {
        case accepting:
            if (completion.res >= 0) {
                connections[static_cast<std::size_t>(completion.res)].is_open = true;
                receive(static_cast<unsigned>(completion.res));
            }
            if ((completion.flags & IORING_CQE_F_MORE) == 0) {
                accept(listener);
            }
            break;
        case receiving:
            on_received(slot, completion.res, completion.flags);
            break;
        case sending:
            on_sent(slot, completion.res);
            break;
        case stopping:
            is_over = true;
            break;
        default:
            break;
    }
}

void set_up() {
    io_uring_params parameters{};
    parameters.flags =
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    parameters.cq_entries = 32768;
    if (io_uring_queue_init_params(4096, &ring, &parameters) != 0 ||
        io_uring_register_files_sparse(&ring, slot_count) != 0) {
        control::fail("io_uring_setup");
    }
    io_uring_register_ring_fd(&ring);
    const std::size_t entries_bytes = buffer_count * sizeof(io_uring_buf);
    void* const mapped = ::mmap(nullptr, entries_bytes + buffer_count * control::receive_bytes,
                                PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        control::fail("mmap");
    }
    buffers = static_cast<io_uring_buf_ring*>(mapped);
    memory = static_cast<char*>(mapped) + entries_bytes;
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(mapped);
    registration.ring_entries = buffer_count;
    if (io_uring_register_buf_ring(&ring, &registration, 0) != 0) {
        control::fail("io_uring_register_buf_ring");
    }
    io_uring_buf_ring_init(buffers);
    for (unsigned id = 0; id < buffer_count; ++id) {
        provide(id);
    }
}

void run(int listener, int stop) {
    set_up();
    io_uring_prep_poll_add(next_entry(stopping, 0), stop, POLLIN);
    accept(listener);
    for (bool is_over = false; !is_over;) {
        io_uring_submit_and_wait(&ring, 1);
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring, head, completion) {
            ++count;
            dispatch(listener, *completion, is_over);
        }
        io_uring_cq_advance(&ring, count);
        std::vector<unsigned> hungry;
        hungry.swap(starved);
        for (const unsigned slot : hungry) {
            receive(slot);
        }
    }
    io_uring_queue_exit(&ring);
}

}  // namespace

int main() {
    return control::serve(run, bytes_received_total);
}
