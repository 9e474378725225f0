#pragma once

#include <pthread.h>
#include <sched.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/blocking_task.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/thread/interruptible_sleep.hpp"

namespace regatta {

/// One OS thread for each connection, which blocks in the kernel whenever it waits. A worker is an
/// accepting thread; the threads of its connections run on any CPU that the process may use.
class thread_runtime {
public:
    template <class T>
    using task = blocking_task<T>;

    class stream {
    public:
        stream(thread_runtime& worker, unique_fd fd)
            : worker_(&worker), fd_(std::move(fd)), buffer_(new std::byte[receive_bytes]) {}
        stream(stream&& other) = default;
        ~stream() {
            if (fd_) {
                worker_->forget(fd_.get());
            }
        }

        class [[nodiscard]] receiving : public always_ready {
        public:
            receiving(const std::byte* data, ssize_t result) : data_(data), result_(result) {}
            received<bytes_view> await_resume() const noexcept {
                if (result_ < 0) {
                    return {io_error(static_cast<int>(-result_)), {}};
                }
                return {io_error(), {data_, static_cast<std::size_t>(result_)}};
            }

        private:
            const std::byte* data_;
            ssize_t result_;  // bytes, or a negative errno
        };

        receiving receive() {
            ssize_t got;
            do {
                got = ::recv(fd_.get(), buffer_.get(), receive_bytes, 0);
            } while (got < 0 && errno == EINTR);
            return {buffer_.get(), got < 0 ? -errno : got};
        }
        ready<outcome> send(const bytes_view& bytes) {
            const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent == static_cast<ssize_t>(bytes.size())) {
                return ready<outcome>({io_error()});
            }
            return ready<outcome>({send_rest(bytes, sent)});
        }

    private:
        /// Goes on after a send() of `bytes` that gave `sent`: not all, or an error.
        io_error send_rest(bytes_view bytes, ssize_t sent) const;

        thread_runtime* worker_;
        unique_fd fd_;
        std::unique_ptr<std::byte[]> buffer_;
    };

    static runtime_info about();
    static std::optional<std::string> unavailable() { return std::nullopt; }
    explicit thread_runtime(const runtime_settings& settings);
    runtime_settings configuration() const { return {static_cast<std::int64_t>(stack_bytes_)}; }
    std::vector<std::string> notes() const { return {}; }

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        while (unique_fd fd = accept(listener)) {
            start_session(std::move(fd), on_accept);
        }
        return drain();
    }

    template <class Body>
    void run(Body body) {
        body().run();
    }

    void stop() noexcept { stop_.signal(); }

    ready<outcome> sleep_for(std::chrono::nanoseconds duration) {
        return ready<outcome>({io_error(sleep_.wait(duration) ? 0 : ECANCELED)});
    }
    ready<void> yield() {
        ::sched_yield();
        return {};
    }

private:
    template <class OnAccept>
    struct session {
        thread_runtime& worker;
        OnAccept& on_accept;
        stream peer;

        static void* run(void* self) {
            const std::unique_ptr<session> owned(static_cast<session*>(self));
            thread_runtime& worker = owned->worker;
            worker.run_session([&] { owned->on_accept(std::move(owned->peer)).run(); });
            return nullptr;
        }
    };

    template <class OnAccept>
    void start_session(unique_fd fd, OnAccept& on_accept) {
        remember(fd.get());
        auto prepared = std::make_unique<session<OnAccept>>(
            session<OnAccept>{*this, on_accept, stream(*this, std::move(fd))});
        if (start_thread(&session<OnAccept>::run, prepared.get())) {
            prepared.release();
        }
    }

    /// The next connection; nothing when the worker was stopped.
    unique_fd accept(int listener);
    /// False, and a line on standard error the first time, when the system has no thread left.
    bool start_thread(void* (*entry)(void*), void* argument);
    void remember(int fd);
    void forget(int fd);
    std::size_t drain();

    template <class Body>
    void run_session(Body body) {
        try {
            body();
        } catch (const std::exception& failure) {
            report(failure);
        }
        session_ended();
    }
    void session_ended();
    static void report(const std::exception& failure);

    std::size_t stack_bytes_;
    pthread_attr_t attributes_;
    wake_event stop_;
    interruptible_sleep sleep_;
    std::mutex mutex_;  // guards what follows; taken when a connection comes and goes
    std::condition_variable changed_;
    std::vector<int> open_;
    std::size_t live_threads_ = 0;
    bool has_refused_ = false;
};

static_assert(runtime<thread_runtime>);

}  // namespace regatta
