#include "runtimes/fiber/fiber.hpp"

#include <boost/version.hpp>

#include <string>

namespace regatta {
namespace {

// Boost.Fiber's frames and a C library call need more than 8 KiB; under 16 KiB sessions overflow.
constexpr parameter parameters[] = {
    {"stack_bytes", "bytes", 64 << 10, 16 << 10, 8 << 20, "stack of each connection's fiber"},
};

std::string boost_version() {
    return std::to_string(BOOST_VERSION / 100000) + "." +
           std::to_string(BOOST_VERSION / 100 % 1000) + "." + std::to_string(BOOST_VERSION % 100);
}

}  // namespace

runtime_info fiber_runtime::about() {
    return {"fiber",
            "fiber",
            "epoll",
            "one Boost.Fiber fiber per connection, on a scheduler that waits in epoll",
            {{"boost", boost_version()}},
            parameters};
}

fiber_runtime::fiber_runtime(const runtime_settings& settings)
    : stack_bytes_(static_cast<std::size_t>(settings.at(0))) {
    auto owned = boost::intrusive_ptr<fibers::scheduler>(new fibers::scheduler());
    scheduler_ = owned.get();
    fibers::context::active()->get_scheduler()->set_algo(owned);
}

fiber_runtime::stream::stream(fiber_runtime& worker, unique_fd fd)
    : worker_(&worker), peer_(std::make_unique<fibers::waitable>()) {
    peer_->fd = std::move(fd);
    worker.scheduler_->watch(peer_->descriptor(), *peer_);
    worker.open_.add(*peer_);
}

ready<received<bytes_view>> fiber_runtime::stream::receive() {
    for (;;) {
        if (!peer_->may_be_readable) {
            give_buffer_back();
            worker_->scheduler_->wait_readable(*peer_);
        }
        if (buffer_ == nullptr) {
            buffer_ = worker_->buffers_.keep_current();
        }
        const ssize_t got = ::recv(peer_->descriptor(), buffer_, receive_bytes, 0);
        if (got >= 0) {
            const auto size = static_cast<std::size_t>(got);
            peer_->may_be_readable = size == receive_bytes || peer_->is_hung_up;
            return ready<received<bytes_view>>({io_error(), bytes_view(buffer_, size)});
        }
        if (errno == EAGAIN) {
            peer_->may_be_readable = false;
        } else if (errno != EINTR) {
            return ready<received<bytes_view>>({io_error(errno), {}});
        }
    }
}

ready<outcome> fiber_runtime::stream::send(bytes_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(peer_->descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            worker_->scheduler_->wait_writable(*peer_);
        } else if (errno != EINTR) {
            return ready<outcome>({io_error(errno)});
        }
    }
    return ready<outcome>({io_error()});
}

unique_fd fiber_runtime::accept(int listener) {
    for (;;) {
        if (stop_.clear()) {
            return unique_fd();
        }
        unique_fd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd) {
            set_no_delay(fd.get());
            return fd;
        }
        if (is_exhaustion(errno)) {
            scheduler_->sleep_until(std::chrono::steady_clock::now() +
                                    std::chrono::milliseconds(10));
        } else if (errno == EAGAIN) {
            scheduler_->wait_readable(arrivals_);
        } else if (!is_passing_accept_error(errno)) {
            throw std::system_error(errno, std::generic_category(), "accept");
        }
    }
}

std::size_t fiber_runtime::drain_sessions() {
    shut_down(open_, SHUT_RD);
    if (live_sessions_ != 0) {
        scheduler_->park_until(drainer_, std::chrono::steady_clock::now() + drain_deadline);
    }
    const std::size_t aborted = live_sessions_;
    shut_down(open_, SHUT_RDWR);
    scheduler_->cancel_sleeps();
    while (live_sessions_ != 0) {
        boost::this_fiber::yield();
    }
    return aborted;
}

}  // namespace regatta
