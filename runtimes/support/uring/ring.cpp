#include "runtimes/support/uring/ring.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <span>
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
constexpr variant polled_variants[] = {
    {IORING_SETUP_SQPOLL | IORING_SETUP_SINGLE_ISSUER, nullptr},
    {IORING_SETUP_SQPOLL, "the kernel lacks SINGLE_ISSUER (Linux 6.0)"},
};
constexpr unsigned polling_thread_idle_ms = 1;

// Completions may pile up while sessions run; an overflowing completion queue costs more than this
// memory.
constexpr unsigned completions_per_submission = 8;

std::span<const variant> variants_of(const ring_options& options) {
    return options.has_polling_thread ? std::span<const variant>(polled_variants)
                                      : std::span<const variant>(variants);
}

}  // namespace

ring::ring(const ring_options& options, std::vector<std::string>& notes) {
    int error = 0;
    for (const variant& candidate : variants_of(options)) {
        io_uring_params parameters{};
        parameters.flags = candidate.flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        parameters.cq_entries = options.entries * completions_per_submission;
        parameters.sq_thread_idle = polling_thread_idle_ms;
        error = ::io_uring_queue_init_params(options.entries, &ring_, &parameters);
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
        ::io_uring_sqring_wait(&ring_);  // returns at once without a polling thread
        entry = ::io_uring_get_sqe(&ring_);
    }
    ::io_uring_sqe_set_data(entry, nullptr);
    return entry;
}

void ring::enter(std::optional<std::chrono::nanoseconds> longest) {
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
}

void ring::wait(std::optional<std::chrono::nanoseconds> longest) {
    enter(longest);
    reap([](const io_uring_cqe& completion) {
        if (auto* const target = static_cast<operation*>(::io_uring_cqe_get_data(&completion))) {
            target->complete(completion);
        }
    });
}

void make_blocking(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) {
        throw std::system_error(errno, std::generic_category(), "fcntl");
    }
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
