#include "runtimes/null/null.hpp"

#include <poll.h>

#include <thread>

namespace regatta {

runtime_info null_runtime::about() {
    return {"null", "none", "none", "answers at once without waiting; tests the harness",
            {},     {},     true,   "its waits end at once: there is nothing to cancel"};
}

received<bytes_view> null_runtime::receive_awaiter::await_resume() {
    const ssize_t got = ::recv(peer.fd.get(), peer.buffer, receive_bytes, 0);
    if (got < 0) {
        return {io_error(errno), {}};
    }
    return {io_error(), bytes_view(peer.buffer, static_cast<std::size_t>(got))};
}

bool null_runtime::send_awaiter::attempt() {
    while (!rest.empty()) {
        const ssize_t sent = ::send(peer.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            rest = rest.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            return false;
        } else if (errno != EINTR) {
            error = io_error(errno);
            return true;
        }
    }
    return true;
}

void null_runtime::turn(int listener, std::optional<std::chrono::nanoseconds> longest) {
    std::vector<pollfd> sources = {{stop_.fd(), POLLIN, 0}, {listener, POLLIN, 0}};
    std::vector<connection*> owners = {nullptr, nullptr};
    for (connection* const peer : open_.accepted) {
        const int awaited =
            (peer->reader != nullptr ? POLLIN : 0) | (peer->writer != nullptr ? POLLOUT : 0);
        sources.push_back({peer->fd.get(), static_cast<short>(awaited), 0});
        owners.push_back(peer);
    }
    const auto milliseconds =
        longest ? std::chrono::ceil<std::chrono::milliseconds>(*longest).count() : -1;
    ::poll(sources.data(), sources.size(), static_cast<int>(milliseconds));
    is_stopping_ = is_stopping_ || stop_.clear();
    for (std::size_t i = 2; i < sources.size(); ++i) {
        // A session uses its own stream only, so the connections behind it in this list are still
        // there.
        const bool is_ready = sources[i].revents != 0;
        if (is_ready && owners[i]->writer != nullptr) {
            if (owners[i]->writer->attempt()) {
                std::exchange(owners[i]->writer, nullptr)->waiter.resume();
            }
        } else if (is_ready && owners[i]->reader != nullptr) {
            std::exchange(owners[i]->reader, nullptr)->waiter.resume();
        }
    }
    if (loop_.needs_attention()) {
        loop_.attend();
    }
}

unique_fd null_runtime::accept(int listener) {
    unique_fd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
        set_no_delay(fd.get());
    } else if (is_exhaustion(errno)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return fd;
}

}  // namespace regatta
