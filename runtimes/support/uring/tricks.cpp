#include "runtimes/support/uring/tricks.hpp"

#include <liburing.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cstring>

#include "runtimes/support/socket.hpp"

namespace regatta::uring {
namespace {

// Not in liburing 2.3's headers; the kernel's include/uapi/linux/io_uring.h since 6.10.
constexpr unsigned feature_receive_send_bundle = 1u << 14;

/// A small ring to try things on.
class probe_ring {
public:
    explicit probe_ring(unsigned flags = 0) {
        io_uring_params parameters{};
        parameters.flags = flags;
        error_ = -::io_uring_queue_init_params(4, &ring_, &parameters);
        features_ = parameters.features;
    }
    ~probe_ring() {
        if (error_ == 0) {
            ::io_uring_queue_exit(&ring_);
        }
    }
    probe_ring(const probe_ring&) = delete;
    probe_ring& operator=(const probe_ring&) = delete;

    int error() const { return error_; }
    unsigned features() const { return features_; }
    io_uring* get() { return &ring_; }

private:
    io_uring ring_{};
    int error_ = 0;
    unsigned features_ = 0;
};

std::optional<std::string> unless(bool works, const char* what, int error = 0) {
    if (works) {
        return std::nullopt;
    }
    return error == 0 ? std::string(what) : std::string(what) + ": " + std::strerror(error);
}

std::optional<std::string> probe_zero_copy_send(probe_ring& ring) {
    io_uring_probe* const known = ::io_uring_get_probe_ring(ring.get());
    const bool works = known != nullptr && ::io_uring_opcode_supported(known, IORING_OP_SEND_ZC);
    ::io_uring_free_probe(known);
    return unless(works, "the kernel lacks IORING_OP_SEND_ZC (Linux 6.0)");
}

// No flag tells: one byte through a pair of sockets does.
std::optional<std::string> probe_multishot_receive(probe_ring& ring) {
    constexpr std::size_t page_bytes = 4096;
    constexpr std::size_t buffer_bytes = 64;
    const char* const lack = "the kernel lacks multishot receive (Linux 6.0)";
    void* const page =
        ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return unless(false, "mmap", errno);
    }
    auto* const entries = static_cast<io_uring_buf_ring*>(page);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(page);
    registration.ring_entries = 1;
    const int refused = ::io_uring_register_buf_ring(ring.get(), &registration, 0);
    int ends[2] = {-1, -1};
    bool works = false;
    if (refused == 0 && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
        const unique_fd reader(ends[0]);
        const unique_fd writer(ends[1]);
        ::io_uring_buf_ring_init(entries);
        ::io_uring_buf_ring_add(entries, static_cast<char*>(page) + page_bytes - buffer_bytes,
                                buffer_bytes, 0, 0, 0);
        ::io_uring_buf_ring_advance(entries, 1);
        io_uring_sqe* const entry = ::io_uring_get_sqe(ring.get());
        ::io_uring_prep_recv_multishot(entry, reader.get(), nullptr, 0, 0);
        entry->flags |= IOSQE_BUFFER_SELECT;
        io_uring_cqe* done = nullptr;
        if (::send(writer.get(), "", 1, MSG_NOSIGNAL) == 1 &&
            ::io_uring_submit_and_wait(ring.get(), 1) == 1 &&
            ::io_uring_peek_cqe(ring.get(), &done) == 0) {
            works = done->res == 1 && (done->flags & IORING_CQE_F_MORE) != 0;
        }
    }
    ::io_uring_unregister_buf_ring(ring.get(), 0);
    ::munmap(page, page_bytes);
    return unless(works, refused == 0 ? lack : "the kernel lacks buffer rings (Linux 5.19)");
}

}  // namespace

std::optional<std::string> obstacle(trick which) {
    probe_ring ring(which == trick::sqpoll ? IORING_SETUP_SQPOLL : 0u);
    if (ring.error() != 0) {
        return unless(
            false,
            which == trick::sqpoll ? "io_uring_setup with IORING_SETUP_SQPOLL" : "io_uring_setup",
            ring.error());
    }
    switch (which) {
        case trick::registered_files: {
            const int refused = ::io_uring_register_files_sparse(ring.get(), 4);
            return unless(refused == 0, "registering a sparse file table (Linux 5.19)", -refused);
        }
        case trick::zero_copy_send:
            return probe_zero_copy_send(ring);
        case trick::receive_bundle:
            return unless((ring.features() & feature_receive_send_bundle) != 0,
                          "the kernel lacks receive bundles (Linux 6.10)");
        case trick::multishot_receive:
            return probe_multishot_receive(ring);
        case trick::sqpoll:
            break;
    }
    return std::nullopt;
}

bool grant(trick which, const parameter& declared, std::int64_t asked,
           std::vector<std::string>& notes) {
    if (asked == 0) {
        return false;
    }
    const auto reason = obstacle(which);
    if (reason) {
        notes.push_back(std::string(declared.name) + " is off: " + *reason);
    }
    return !reason;
}

}  // namespace regatta::uring
