#pragma once

#include <pthread.h>
#include <sched.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/blocking_task.hpp"
#include "runtimes/support/channel.hpp"
#include "runtimes/support/semaphore.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/thread/scope.hpp"
#include "runtimes/thread/task_group.hpp"

namespace regatta {

/// One OS thread for each connection, which blocks in the kernel whenever it waits. A worker is an
/// accepting thread; the threads of its connections run on any CPU that the process may use. Inside
/// a group or a deadline a thread polls before it blocks, so that it can be interrupted.
class thread_runtime {
public:
    template <class T>
    using task = blocking_task<T>;
    using task_group = threads::task_group;
    template <class T>
    using channel = regatta::channel<thread_runtime, T>;
    using semaphore = regatta::semaphore<thread_runtime>;

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
            if (threads::current_scope != nullptr) [[unlikely]] {
                const ssize_t in_scope = receive_in_scope();
                return {buffer_.get(), in_scope};
            }
            ssize_t got;
            do {
                got = ::recv(fd_.get(), buffer_.get(), receive_bytes, 0);
            } while (got < 0 && errno == EINTR);
            return {buffer_.get(), got < 0 ? -errno : got};
        }
        ready<outcome> send(const bytes_view& bytes) {
            // Without a wait first: whether one is allowed is asked when it is needed.
            const ssize_t sent =
                ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent == static_cast<ssize_t>(bytes.size())) {
                return ready<outcome>({io_error()});
            }
            return ready<outcome>({send_rest(bytes, sent)});
        }

    private:
        /// Bytes, or a negative errno.
        [[gnu::cold, gnu::noinline]] ssize_t receive_in_scope();
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
        return ready<outcome>({scope().sleep(std::chrono::steady_clock::now() + duration)});
    }
    ready<void> yield() {
        ::sched_yield();
        return {};
    }
    ready<connected<stream>> connect(const endpoint& where);
    template <fallible T>
    ready<T> with_deadline(std::chrono::nanoseconds duration, task<T> work) {
        const threads::steady_time due = std::chrono::steady_clock::now() + duration;
        const threads::scope inner(scope(), due);
        const threads::enter_scope here(inner);
        T result = work.run();
        if (result.error.value() == ECANCELED && std::chrono::steady_clock::now() >= due) {
            result.error = io_error(ETIMEDOUT);
        }
        return ready<T>(std::move(result));
    }
    /// Runs the function in place: this thread is nobody else's. Inside a cancelled scope it does
    /// not run; once begun it is no wait, so a cancellation does not show.
    template <class Function>
    auto offload(Function function) -> ready<offloaded<std::invoke_result_t<Function&>>> {
        using result_type = offloaded<std::invoke_result_t<Function&>>;
        result_type result{};
        if (scope().is_cancelled()) {
            result.error = io_error(ECANCELED);
        } else if constexpr (std::is_same_v<result_type, offloaded<void>>) {
            function();
        } else {
            result.value.emplace(function());
        }
        return ready<result_type>(std::move(result));
    }

    // What the templates in runtimes/support need.
    using parked = threads::parked;
    using mutex = std::mutex;
    template <class Operation>
    auto park(Operation operation) -> ready<decltype(operation.result(true))> {
        using result_type = ready<decltype(operation.result(true))>;
        std::unique_lock lock(operation.mutex());
        if (operation.attempt()) {
            return result_type(operation.result(false));
        }
        const threads::scope& here = scope();
        threads::parked self;
        bool was_woken = here.interrupted_by().enter(self);
        if (was_woken) {
            operation.enqueue(self);
            lock.unlock();
            was_woken = here.wait(self);
            if (!was_woken) {
                lock.lock();
                operation.withdraw();
            }
        }
        return result_type(operation.result(!was_woken));
    }
    /// Where the calling thread waits.
    const threads::scope& scope() const {
        return threads::current_scope != nullptr ? *threads::current_scope : everything_;
    }
    const pthread_attr_t& child_attributes() const { return child_attributes_; }

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
        remember(fd.get(), accepted_);
        auto prepared = std::make_unique<session<OnAccept>>(
            session<OnAccept>{*this, on_accept, stream(*this, std::move(fd))});
        if (start_thread(&session<OnAccept>::run, prepared.get())) {
            prepared.release();
        }
    }

    /// The next connection; nothing when the worker was stopped.
    unique_fd accept(int listener);
    /// False when the system has no thread left; that is noted for the `done` line.
    bool start_thread(void* (*entry)(void*), void* argument);
    void remember(int fd, std::vector<int>& among);
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
    pthread_attr_t child_attributes_;
    wake_event stop_;
    threads::interruption abortion_{nullptr};
    threads::scope everything_{abortion_};
    std::mutex mutex_;  // guards what follows; taken when a connection comes and goes
    std::condition_variable changed_;
    std::vector<int> accepted_;
    std::vector<int> opened_;  // by connect()
    bool is_aborting_ = false;
    std::size_t live_threads_ = 0;
};

static_assert(full_runtime<thread_runtime>);

}  // namespace regatta
