#include "runtimes/thread/scope.hpp"

#include <poll.h>

#include <algorithm>

namespace regatta::threads {

interruption::interruption(interruption* outer) : outer_(outer) {
    if (outer_ != nullptr) {
        const std::lock_guard lock(outer_->mutex_);
        outer_->inner_.push_back(*this);
        if (outer_->is_interrupted()) {
            interrupt();
        }
    }
}

interruption::~interruption() {
    if (outer_ != nullptr) {
        const std::lock_guard lock(outer_->mutex_);
        outer_->inner_.remove(*this);
    }
}

void interruption::interrupt() noexcept {
    const std::lock_guard lock(mutex_);
    if (!state_.change(0, 1)) {
        return;
    }
    interrupted_.signal();
    parked_.for_each([](parked& each) { each.cancel(); });
    inner_.for_each([](interruption& each) { each.interrupt(); });
}

bool interruption::enter(parked& self) {
    const std::lock_guard lock(mutex_);
    if (is_interrupted()) {
        return false;
    }
    parked_.push_back(self);
    return true;
}

void interruption::leave(parked& self) {
    const std::lock_guard lock(mutex_);
    parked_.remove(self);
}

io_error scope::wait_for(int fd, short events) const {
    for (;;) {
        pollfd sources[] = {{fd, events, 0}, {by_.fd(), POLLIN, 0}};
        timespec timeout{};
        const bool has_end = due_ != steady_time::max();
        if (has_end) {
            const auto left = std::max(due_ - std::chrono::steady_clock::now(),
                                       std::chrono::steady_clock::duration::zero());
            timeout = {left.count() / 1'000'000'000, left.count() % 1'000'000'000};
        }
        const int count = ::ppoll(sources, 2, has_end ? &timeout : nullptr, nullptr);
        if (count < 0 && errno != EINTR) {
            return io_error(errno);
        }
        if (count >= 0) {
            return io_error(sources[0].revents != 0 ? 0 : ECANCELED);
        }
    }
}

io_error scope::sleep(steady_time until) const {
    const bool is_over = by_.sleep(std::min(until, due_));
    return io_error(is_over && until <= due_ ? 0 : ECANCELED);
}

bool scope::wait(parked& self) const {
    const bool was_woken = self.wait(due_);
    by_.leave(self);
    return was_woken;
}

}  // namespace regatta::threads
