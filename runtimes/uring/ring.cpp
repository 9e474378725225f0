#include "runtimes/uring/ring.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace regatta::uring {
namespace {

struct variant {
    unsigned flags;
    const char* note;  // said when this one had to be taken
};

// SINGLE_ISSUER and DEFER_TASKRUN (Linux 6.1): completions are prepared only when this thread asks
// for them, so the kernel never interrupts it. COOP_TASKRUN (5.19): at least no interrupt from
// another CPU.
constexpr variant variants[] = {
    {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, nullptr},
    {IORING_SETUP_COOP_TASKRUN, "the kernel lacks DEFER_TASKRUN (Linux 6.1): COOP_TASKRUN is used"},
    {0, "the kernel lacks COOP_TASKRUN (Linux 5.19): an io_uring without flags is used"},
};

// Completions may pile up while sessions run; an overflowing completion queue costs more than this
// memory.
constexpr unsigned completions_per_submission = 8;

}  // namespace

ring::ring(unsigned entries, std::vector<std::string>& notes) {
    int error = 0;
    for (const variant& candidate : variants) {
        io_uring_params parameters{};
        parameters.flags = candidate.flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        parameters.cq_entries = entries * completions_per_submission;
        error = ::io_uring_queue_init_params(entries, &ring_, &parameters);
        if (error == 0) {
            if (candidate.note != nullptr) {
                notes.emplace_back(candidate.note);
            }
            // Saves the look-up of the descriptor in each call (Linux 5.18); harmless where it
            // fails.
            ::io_uring_register_ring_fd(&ring_);
            return;
        }
        if (error != -EINVAL) {
            break;
        }
    }
    throw std::system_error(-error, std::generic_category(), "io_uring_setup");
}

io_uring_sqe* ring::prepare_unawaited() {
    io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
    while (entry == nullptr) {
        ::io_uring_submit(&ring_);
        entry = ::io_uring_get_sqe(&ring_);
    }
    ::io_uring_sqe_set_data(entry, nullptr);
    return entry;
}

void ring::wait(std::optional<std::chrono::nanoseconds> longest) {
    if (!longest) {
        ::io_uring_submit_and_wait(&ring_, 1);
    } else if (longest->count() == 0) {
        ::io_uring_submit_and_get_events(&ring_);
    } else {
        io_uring_cqe* first = nullptr;
        __kernel_timespec timeout{longest->count() / 1'000'000'000,
                                  longest->count() % 1'000'000'000};
        ::io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
    }
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* completion = nullptr;
    io_uring_for_each_cqe(&ring_, head, completion) {
        ++count;
        if (auto* const target = static_cast<operation*>(::io_uring_cqe_get_data(completion))) {
            target->result = completion->res;
            target->flags = completion->flags;
            target->waiter.resume();
        }
    }
    ::io_uring_cq_advance(&ring_, count);
}

std::optional<std::string> obstacle() {
    io_uring probe{};
    const int error = ::io_uring_queue_init(2, &probe, 0);
    if (error == 0) {
        ::io_uring_queue_exit(&probe);
        return std::nullopt;
    }
    const std::string what = std::string("io_uring_setup: ") + std::strerror(-error);
    if (error == -EPERM) {
        return what +
               "; it is disabled: set sysctl kernel.io_uring_disabled=0, or allow it in the "
               "container's seccomp profile";
    }
    if (error == -ENOSYS) {
        return what + "; the kernel has no io_uring (Linux 5.1)";
    }
    return what;
}

}  // namespace regatta::uring
