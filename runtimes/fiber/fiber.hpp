#pragma once

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/operations.hpp>

#include <cstdio>
#include <memory>
#include <vector>

#include "runtimes/fiber/scheduler.hpp"
#include "runtimes/runtime.hpp"
#include "runtimes/support/blocking_task.hpp"
#include "runtimes/support/buffer_pool.hpp"

namespace regatta {

/// A Boost.Fiber fiber for each connection, scheduled by fibers::scheduler. A worker is one thread
/// with a scheduler of its own; sessions run on the fibers' stacks.
class fiber_runtime {
public:
    template <class T>
    using task = blocking_task<T>;

    class stream {
    public:
        stream(fiber_runtime& worker, unique_fd fd);
        stream(stream&&) = default;
        ~stream() {
            if (peer_) {
                worker_->open_.remove(*peer_);
                give_buffer_back();
            }
        }
        ready<received<bytes_view>> receive();
        ready<outcome> send(bytes_view bytes);

    private:
        void give_buffer_back() {
            if (buffer_ != nullptr) {
                worker_->buffers_.give_back(std::exchange(buffer_, nullptr));
            }
        }

        fiber_runtime* worker_;
        std::unique_ptr<fibers::waitable> peer_;
        // Holds the received bytes until the next receive finds that it must wait.
        std::byte* buffer_ = nullptr;
    };

    static runtime_info about();
    static std::optional<std::string> unavailable() { return std::nullopt; }
    /// Makes fibers::scheduler the scheduler of the calling thread.
    explicit fiber_runtime(const runtime_settings& settings);
    runtime_settings configuration() const { return {static_cast<std::int64_t>(stack_bytes_)}; }
    std::vector<std::string> notes() const { return {}; }

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        scheduler_->watch(listener, arrivals_);
        scheduler_->watch(stop_.fd(), arrivals_);
        while (unique_fd fd = accept(listener)) {
            ++live_sessions_;
            boost::fibers::fiber(std::allocator_arg, boost::fibers::fixedsize_stack(stack_bytes_),
                                 [this, &on_accept, peer = stream(*this, std::move(fd))]() mutable {
                                     run_session([&] { on_accept(std::move(peer)).run(); });
                                 })
                .detach();
        }
        scheduler_->forget(listener);
        return drain_sessions();
    }

    template <class Body>
    void run(Body body) {
        body().run();
    }

    void stop() noexcept { stop_.signal(); }

    ready<outcome> sleep_for(std::chrono::nanoseconds duration) {
        const bool is_over = scheduler_->sleep_until(std::chrono::steady_clock::now() + duration);
        return ready<outcome>({io_error(is_over ? 0 : ECANCELED)});
    }
    ready<void> yield() {
        boost::this_fiber::yield();
        return {};
    }

private:
    /// Parks the calling fiber until a connection or stop() comes; nothing when stopped.
    unique_fd accept(int listener);
    std::size_t drain_sessions();

    template <class Body>
    void run_session(Body body) {
        try {
            body();
        } catch (const std::exception& failure) {
            std::fprintf(stderr, "a session ended by an exception: %s\n", failure.what());
        }
        if (--live_sessions_ == 0) {
            scheduler_->release(drainer_);
        }
    }

    fibers::scheduler* scheduler_;  // the thread's; Boost.Fiber owns it
    std::size_t stack_bytes_;
    buffer_pool buffers_;
    live_set<fibers::waitable> open_;
    wake_event stop_;
    fibers::waitable arrivals_;  // events of the listener and of stop_
    std::size_t live_sessions_ = 0;
    fibers::scheduler::parking drainer_;
};

static_assert(runtime<fiber_runtime>);

}  // namespace regatta
