#include "runtimes/thread/thread.hpp"

#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cstdio>

#include "runtimes/support/connecting.hpp"

namespace regatta {
namespace {

// glibc's smallest stack for a thread is 16 KiB; the default holds a session and the C library's
// deepest calls (vfprintf) with room to spare, and only pages that are touched are paid for.
constexpr parameter parameters[] = {
    {"stack_bytes", "bytes", 256 << 10, 32 << 10, 1 << 30, "stack of each connection's thread"},
};

}  // namespace

runtime_info thread_runtime::about() {
    return {"thread", "thread",  "blocking", "one OS thread per connection, blocking calls",
            {},       parameters};
}

io_error thread_runtime::stream::send_rest(bytes_view bytes, ssize_t sent) const {
    const bool is_in_scope = threads::current_scope != nullptr;
    for (;;) {
        if (sent >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN && is_in_scope) {
            if (const io_error stopped = threads::current_scope->wait_for(fd_.get(), POLLOUT)) {
                return stopped;
            }
        } else if (errno != EINTR && errno != EAGAIN) {
            return io_error(errno);
        }
        if (bytes.empty()) {
            return io_error();
        }
        sent = ::send(fd_.get(), bytes.data(), bytes.size(),
                      MSG_NOSIGNAL | (is_in_scope ? MSG_DONTWAIT : 0));
    }
}

ssize_t thread_runtime::stream::receive_in_scope() {
    for (;;) {
        const ssize_t got = ::recv(fd_.get(), buffer_.get(), receive_bytes, MSG_DONTWAIT);
        if (got >= 0) {
            return got;
        }
        if (errno == EAGAIN) {
            if (const io_error stopped = threads::current_scope->wait_for(fd_.get(), POLLIN)) {
                return -stopped.value();
            }
        } else if (errno != EINTR) {
            return -errno;
        }
    }
}

thread_runtime::thread_runtime(const runtime_settings& settings)
    : stack_bytes_(static_cast<std::size_t>(settings.at(0))) {
    // Inherited by the threads of the connections: their sleeps end within a microsecond of the
    // time asked for instead of 50 (prctl(2), PR_SET_TIMERSLACK).
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    for (pthread_attr_t* const attributes : {&attributes_, &child_attributes_}) {
        ::pthread_attr_init(attributes);
        if (const int error = ::pthread_attr_setstacksize(attributes, stack_bytes_); error != 0) {
            throw std::system_error(error, std::generic_category(), "pthread_attr_setstacksize");
        }
    }
    ::pthread_attr_setdetachstate(&attributes_, PTHREAD_CREATE_DETACHED);
}

ready<connected<thread_runtime::stream>> thread_runtime::connect(const endpoint& where) {
    using result = ready<connected<stream>>;
    if (scope().is_cancelled()) {
        return result({io_error(ECANCELED), std::nullopt});
    }
    started_connect started = start_connect(where);
    io_error failed(started.error);
    if (started.is_in_progress) {
        failed = scope().wait_for(started.socket.get(), POLLOUT);
        if (!failed) {
            failed = io_error(socket_error(started.socket.get()));
        }
    }
    if (failed) {
        return result({failed, std::nullopt});
    }
    set_blocking(started.socket.get());
    remember(started.socket.get(), opened_);
    return result({io_error(), stream(*this, std::move(started.socket))});
}

unique_fd thread_runtime::accept(int listener) {
    for (;;) {
        pollfd sources[] = {{stop_.fd(), POLLIN, 0}, {listener, POLLIN, 0}};
        if (::poll(sources, 2, -1) < 0) {
            continue;
        }
        if (sources[0].revents != 0) {
            return unique_fd();
        }
        unique_fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
        if (fd) {
            set_no_delay(fd.get());
            return fd;
        }
        if (is_exhaustion(errno)) {
            ::poll(sources, 1, 10);
        } else if (errno != EAGAIN && !is_passing_accept_error(errno)) {
            throw std::system_error(errno, std::generic_category(), "accept");
        }
    }
}

bool thread_runtime::start_thread(void* (*entry)(void*), void* argument) {
    {
        const std::lock_guard lock(mutex_);
        ++live_threads_;
    }
    pthread_t id;
    const int error = ::pthread_create(&id, &attributes_, entry, argument);
    if (error == 0) {
        return true;
    }
    const std::lock_guard lock(mutex_);
    --live_threads_;
    note_thread_limit(error, live_threads_);
    return false;
}

void thread_runtime::remember(int fd, std::vector<int>& among) {
    const std::lock_guard lock(mutex_);
    among.push_back(fd);
    if (is_aborting_) {
        ::shutdown(fd, SHUT_RDWR);
    }
}

void thread_runtime::forget(int fd) {
    const std::lock_guard lock(mutex_);
    for (std::vector<int>* const among : {&accepted_, &opened_}) {
        if (const auto place = std::find(among->begin(), among->end(), fd); place != among->end()) {
            *place = among->back();
            among->pop_back();
            return;
        }
    }
}

void thread_runtime::session_ended() {
    // Notified under the lock: once drain() sees 0 threads the worker may be destroyed.
    const std::lock_guard lock(mutex_);
    --live_threads_;
    changed_.notify_all();
}

std::size_t thread_runtime::drain() {
    std::unique_lock lock(mutex_);
    for (const int fd : accepted_) {
        ::shutdown(fd, SHUT_RD);
    }
    const auto is_empty = [this] { return live_threads_ == 0; };
    if (changed_.wait_for(lock, drain_deadline, is_empty)) {
        return 0;
    }
    const std::size_t aborted = live_threads_;
    is_aborting_ = true;
    for (const std::vector<int>* const among : {&accepted_, &opened_}) {
        for (const int fd : *among) {
            ::shutdown(fd, SHUT_RDWR);
        }
    }
    abortion_.interrupt();
    changed_.wait(lock, is_empty);
    return aborted;
}

void thread_runtime::report(const std::exception& failure) {
    std::fprintf(stderr, "a session ended by an exception: %s\n", failure.what());
}

}  // namespace regatta
