#include "harness/load/uring_engine.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <numeric>
#include <system_error>

#include "harness/load/clock.hpp"
#include "harness/load/failure.hpp"

namespace regatta::load {
namespace {

constexpr unsigned submission_entries = 1024;
constexpr unsigned completion_entries = 32768;
constexpr unsigned buffer_count = 512;
constexpr std::size_t buffer_bytes = 16 << 10;
// A send costs the kernel some 3 us over loopback, and all of a group carry the time at which the
// group was submitted: a larger one would make that time untrue, a smaller one costs system calls.
constexpr unsigned sends_per_group = 32;

enum operation : std::uint64_t { receive_operation, send_operation };

// On a non-blocking socket the ring would answer EAGAIN instead of waiting.
void make_blocking(int fd) {
    int blocking = 0;
    ioctl(fd, FIONBIO, &blocking);
}

void set_up(io_uring& ring) {
    io_uring_params parameters{};
    int refused = -EINVAL;
    for (const unsigned flags : {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
                                 IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN}) {
        parameters = {};
        parameters.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        parameters.cq_entries = completion_entries;
        refused = io_uring_queue_init_params(submission_entries, &ring, &parameters);
        if (refused != -EINVAL) {
            break;
        }
    }
    if (refused != 0) {
        throw std::system_error(-refused, std::generic_category(), "io_uring_setup");
    }
}

}  // namespace

uring_engine::uring_engine(std::span<const int> sockets) {
    set_up(ring_);
    try {
        buffers_ = std::make_unique<provided_buffers>(ring_, 0, buffer_count, buffer_bytes);
    } catch (...) {
        io_uring_queue_exit(&ring_);
        throw;
    }
    // Both only save the kernel a look-up per call; without them the same calls work.
    io_uring_register_ring_fd(&ring_);
    const bool are_registered =
        io_uring_register_files(&ring_, sockets.data(), static_cast<unsigned>(sockets.size())) == 0;
    peers_.reserve(sockets.size());
    for (const int fd : sockets) {
        make_blocking(fd);
        peers_.push_back({fd, {}});
        peers_.back().is_registered = are_registered;
    }
    queued_sends_.reserve(sockets.size());
    queued_receives_.resize(sockets.size());
    std::iota(queued_receives_.begin(), queued_receives_.end(), 0);
}

uring_engine::~uring_engine() {
    // The kernel may write into the buffers until every operation is over; a socket that is shut
    // down ends its own.
    for (peer& each : peers_) {
        each.is_open = false;
        ::shutdown(each.fd, SHUT_RDWR);
    }
    struct : engine_events {
        void sending(connection_id, std::uint64_t) override {}
        void sent(connection_id, std::size_t) override {}
        void received(connection_id, bytes_view, std::uint64_t) override {}
        void lost(connection_id, int, std::uint64_t) override {}
    } nobody;
    const std::uint64_t deadline = now_ns() + 1'000'000'000;
    while (operations_ != 0 && now_ns() < deadline) {
        io_uring_cqe* first = nullptr;
        __kernel_timespec patience{0, 10'000'000};
        io_uring_submit_and_wait_timeout(&ring_, &first, 1, &patience, nullptr);
        dispatch(nobody, 0);
    }
    buffers_.reset();
    io_uring_queue_exit(&ring_);
}

void uring_engine::send(connection_id id, bytes_view bytes) {
    peers_[id].outgoing = bytes;
    queued_sends_.push_back(id);
}

void uring_engine::send_anew(connection_id id, bytes_view bytes) {
    peers_[id].is_anew = true;
    send(id, bytes);
}

void uring_engine::close(connection_id id) {
    peers_[id].is_open = false;
    ::shutdown(peers_[id].fd, SHUT_RDWR);
}

void uring_engine::wait(engine_events& events, std::uint64_t deadline_ns) {
    hand_over(events);
    const std::uint64_t before = now_ns();
    const timespec left = to_timespec(deadline_ns > before ? deadline_ns - before : 0);
    __kernel_timespec patience{left.tv_sec, left.tv_nsec};
    io_uring_cqe* first = nullptr;
    const int result = deadline_ns <= before ? io_uring_submit_and_get_events(&ring_)
                                             : io_uring_submit_and_wait_timeout(&ring_, &first, 1,
                                                                                &patience, nullptr);
    // EBUSY: completions overflowed; the submission is taken up after some have been reaped.
    if (result < 0 && result != -ETIME && result != -EINTR && result != -EBUSY &&
        result != -EAGAIN) {
        throw failure(failure::kind::machine_cannot,
                      std::string("io_uring_enter: ") + std::strerror(-result));
    }
    dispatch(events, now_ns());
}

// Makes submission entries of what is queued; the last group of sends is left for the call that
// also waits.
void uring_engine::hand_over(engine_events& events) {
    for (const connection_id id : queued_receives_) {
        if (peers_[id].is_open) {
            begin_receive(id);
        }
    }
    queued_receives_.clear();
    std::uint64_t now = now_ns();
    unsigned in_group = 0;
    for (const connection_id id : queued_sends_) {
        if (peers_[id].is_anew) {
            // Connecting takes so long that each has a time, and a group, of its own.
            submit();
            renew(events, id);
            submit();
            now = now_ns();
            in_group = 0;
            continue;
        }
        if (!peers_[id].is_open) {
            continue;
        }
        if (in_group == sends_per_group) {
            submit();
            now = now_ns();
            in_group = 0;
        }
        events.sending(id, now);
        begin_send(id);
        ++in_group;
    }
    queued_sends_.clear();
}

void uring_engine::renew(engine_events& events, connection_id id) {
    peer& to = peers_[id];
    events.sending(id, now_ns());
    const int fd = events.open(id);
    to.is_anew = false;
    if (fd < 0) {
        events.lost(id, -fd, now_ns());
        return;
    }
    make_blocking(fd);
    to.fd = fd;
    to.is_open = true;
    to.is_registered = false;
    ++to.generation;
    begin_receive(id);
    begin_send(id);
}

std::uint64_t uring_engine::tag(connection_id id, std::uint64_t operation) const {
    return (std::uint64_t{peers_[id].generation} << (id_bits + operation_bits)) |
           (std::uint64_t{id} << operation_bits) | operation;
}

void uring_engine::submit() {
    const int result = io_uring_submit(&ring_);
    if (result < 0 && result != -EINTR && result != -EBUSY && result != -EAGAIN) {
        throw failure(failure::kind::machine_cannot,
                      std::string("io_uring_enter: ") + std::strerror(-result));
    }
}

io_uring_sqe* uring_engine::next_entry() {
    for (int attempts = 0; attempts < 1000; ++attempts) {
        if (io_uring_sqe* const entry = io_uring_get_sqe(&ring_)) {
            ++operations_;
            return entry;
        }
        submit();
    }
    throw failure(failure::kind::machine_cannot, "the kernel takes no more submissions");
}

void uring_engine::begin_receive(connection_id id) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_recv_multishot(entry, 0, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    prepare_socket(*entry, id);
    entry->buf_group = buffers_->group();
    entry->user_data = tag(id, receive_operation);
}

void uring_engine::begin_send(connection_id id) {
    const bytes_view bytes = peers_[id].outgoing;
    io_uring_sqe* const entry = next_entry();
    // MSG_WAITALL: the kernel itself goes on with what did not fit into the socket.
    io_uring_prep_send(entry, 0, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
    prepare_socket(*entry, id);
    entry->user_data = tag(id, send_operation);
}

void uring_engine::prepare_socket(io_uring_sqe& entry, connection_id id) const {
    if (peers_[id].is_registered) {
        entry.fd = static_cast<int>(id);
        entry.flags |= IOSQE_FIXED_FILE;
    } else {
        entry.fd = peers_[id].fd;
    }
}

void uring_engine::dispatch(engine_events& events, std::uint64_t now_ns) {
    unsigned seen = 0;
    unsigned head = 0;
    io_uring_cqe* completion = nullptr;
    io_uring_for_each_cqe(&ring_, head, completion) {
        ++seen;
        const auto id = static_cast<connection_id>(completion->user_data >> operation_bits);
        const std::uint64_t what = completion->user_data & 1;
        const bool is_current = completion->user_data == tag(id, what);
        if (what == send_operation) {
            --operations_;
            if (is_current) {
                completed_send(events, id, completion->res, now_ns);
            }
        } else if (is_current) {
            completed_receive(events, id, *completion, now_ns);
        } else {
            reclaim(*completion);
        }
    }
    io_uring_cq_advance(&ring_, seen);
    buffers_->publish();
}

// Takes back what a receive used; true when it is over.
bool uring_engine::reclaim(const io_uring_cqe& completion) {
    if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
        buffers_->give_back(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    }
    if ((completion.flags & IORING_CQE_F_MORE) != 0) {
        return false;
    }
    --operations_;
    return true;
}

void uring_engine::completed_receive(engine_events& events, connection_id id,
                                     const io_uring_cqe& completion, std::uint64_t now_ns) {
    const int result = completion.res;
    if (result > 0 && peers_[id].is_open) {
        const unsigned buffer = completion.flags >> IORING_CQE_BUFFER_SHIFT;
        events.received(id, buffers_->view(buffer, static_cast<std::size_t>(result)), now_ns);
    }
    if (!reclaim(completion) || !peers_[id].is_open) {
        return;
    }
    // ENOBUFS: more connections had bytes at once than there are buffers; they are free again now.
    if (result > 0 || result == -ENOBUFS || result == -EINTR || result == -EAGAIN) {
        queued_receives_.push_back(id);
    } else {
        lose(events, id, -result, now_ns);
    }
}

void uring_engine::completed_send(engine_events& events, connection_id id, int result,
                                  std::uint64_t now_ns) {
    peer& to = peers_[id];
    if (!to.is_open) {
        return;
    }
    if (result < 0 && result != -EINTR && result != -EAGAIN) {
        lose(events, id, -result, now_ns);
        return;
    }
    const std::size_t taken = result < 0 ? 0 : static_cast<std::size_t>(result);
    to.outgoing = to.outgoing.subspan(taken);
    if (!to.outgoing.empty()) {
        begin_send(id);
    }
    events.sent(id, taken);
}

void uring_engine::lose(engine_events& events, connection_id id, int error, std::uint64_t now_ns) {
    close(id);
    events.lost(id, error, now_ns);
}

}  // namespace regatta::load
