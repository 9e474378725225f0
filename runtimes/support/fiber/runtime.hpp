#pragma once

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/version.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "runtimes/runtime.hpp"
#include "runtimes/support/blocking_task.hpp"
#include "runtimes/support/channel.hpp"
#include "runtimes/support/connections.hpp"
#include "runtimes/support/fiber/scheduler.hpp"
#include "runtimes/support/fiber/waits.hpp"
#include "runtimes/support/offload.hpp"
#include "runtimes/support/semaphore.hpp"
#include "runtimes/support/socket.hpp"
#include "runtimes/support/task_group.hpp"

namespace regatta::fibers {

/// The parameter of every runtime on fibers. Boost.Fiber's frames and a C library call need more
/// than 8 KiB; under 16 KiB sessions overflow.
inline constexpr parameter stack_parameter = {
    "stack_bytes", "bytes", 64 << 10, 16 << 10, 8 << 20, "stack of each connection's fiber"};

inline std::string boost_version() {
    return std::to_string(BOOST_VERSION / 100000) + "." +
           std::to_string(BOOST_VERSION / 100 % 1000) + "." + std::to_string(BOOST_VERSION % 100);
}

/// A Boost.Fiber fiber for each connection, scheduled by fibers::scheduler<Engine>. A worker is one
/// thread with a scheduler of its own; sessions run on the fibers' stacks.
///
/// Besides what the scheduler asks of it, an `Engine` has
/// - `accept(listener)`: parks the calling fiber until a connection comes; its descriptor, or a
///   negative errno, which is -ECANCELED after stop();
/// - `mail()`: the mailbox, which it delivers;
/// - `connection`, built of the engine and a `unique_fd`, with `received<bytes_view> receive()` and
///   `io_error send(bytes_view)`, which park the calling fiber and end with ECANCELED when its
///   scope is cancelled, and what live_set and shut_down() want;
/// - `connect(endpoint, cancel_scope&, std::unique_ptr<connection>&)`: parks the calling fiber
///   until it is connected, or refused, or the scope is cancelled.
template <class Engine>
class runtime_on {
    using connection = typename Engine::connection;

public:
    template <class T>
    using task = blocking_task<T>;
    using task_group = regatta::task_group<runtime_on>;
    template <class T>
    using channel = regatta::channel<runtime_on, T>;
    using semaphore = regatta::semaphore<runtime_on>;

    class stream {
    public:
        stream(runtime_on& worker, unique_fd fd)
            : stream(std::make_unique<connection>(worker.scheduler_->io(), std::move(fd)),
                     worker.open_.accepted) {}
        stream(stream&&) = default;
        ~stream() {
            if (peer_) {
                home_->remove(*peer_);
            }
        }
        ready<received<bytes_view>> receive() {
            return ready<received<bytes_view>>(peer_->receive());
        }
        ready<outcome> send(bytes_view bytes) { return ready<outcome>({peer_->send(bytes)}); }

    private:
        friend class runtime_on;
        stream(std::unique_ptr<connection> peer, live_set<connection>& of_its_kind)
            : home_(&of_its_kind), peer_(std::move(peer)) {
            home_->add(*peer_);
        }

        live_set<connection>* home_;
        std::unique_ptr<connection> peer_;
    };

    template <class OnAccept>
    std::size_t serve(int listener, OnAccept on_accept) {
        while (unique_fd fd = accept(listener)) {
            ++live_sessions_;
            boost::fibers::fiber(std::allocator_arg, boost::fibers::fixedsize_stack(stack_bytes_),
                                 [this, &on_accept, peer = stream(*this, std::move(fd))]() mutable {
                                     run_session([&] { on_accept(std::move(peer)).run(); });
                                 })
                .detach();
        }
        return drain_sessions();
    }

    template <class Body>
    void run(Body body) {
        body().run();
    }

    /// What the pool has to note, and the engine.
    std::vector<std::string> notes() const {
        std::vector<std::string> all = notes_;
        if constexpr (requires { scheduler_->io().notes(); }) {
            const auto& of_engine = scheduler_->io().notes();
            all.insert(all.end(), of_engine.begin(), of_engine.end());
        }
        return all;
    }
    void stop() noexcept { mail().stop(); }

    ready<outcome> sleep_for(std::chrono::nanoseconds duration) {
        pause until(scheduler_->timers());
        const bool is_over = until.wait(std::chrono::steady_clock::now() + duration, scope());
        return ready<outcome>({io_error(is_over ? 0 : ECANCELED)});
    }
    ready<void> yield() {
        const restored_scope own(std::exchange(current_scope, nullptr));
        boost::this_fiber::yield();
        return {};
    }
    ready<connected<stream>> connect(const endpoint& where) {
        using result = ready<connected<stream>>;
        std::unique_ptr<connection> peer;
        if (scope().is_cancelled()) {
            return result({io_error(ECANCELED), std::nullopt});
        }
        if (const io_error refused = scheduler_->io().connect(where, scope(), peer)) {
            return result({refused, std::nullopt});
        }
        return result({io_error(), stream(std::move(peer), open_.opened)});
    }
    template <fallible T>
    ready<T> with_deadline(std::chrono::nanoseconds duration, task<T> work) {
        cancel_scope inner(&scope());
        const deadline limit(scheduler_->timers(), std::chrono::steady_clock::now() + duration,
                             inner);
        const restored_scope outer(std::exchange(current_scope, &inner));
        T result = work.run();
        if (limit.has_expired() && result.error.value() == ECANCELED) {
            result.error = io_error(ETIMEDOUT);
        }
        return ready<T>(std::move(result));
    }
    template <class Function>
    auto offload(Function function) {
        return park(offload_operation<runtime_on, Function>(*this, std::move(function)));
    }

    // What the templates in runtimes/support need.
    using parked = fibers::parked;
    using mutex = no_mutex;
    template <class Operation>
    auto park(Operation operation) -> ready<decltype(operation.result(true))> {
        bool was_cancelled = false;
        if (!operation.attempt()) {
            was_cancelled = Operation::is_cancellable && scope().is_cancelled();
            if (!was_cancelled) {
                was_cancelled = parked_in<Operation>(operation).wait(scope());
            }
        }
        return ready<decltype(operation.result(true))>(operation.result(was_cancelled));
    }
    cancel_scope& scope() { return current_scope != nullptr ? *current_scope : everything_; }
    template <class T>
    ready<T> within(cancel_scope& inner, task<T> work) {
        const restored_scope outer(std::exchange(current_scope, &inner));
        return ready<T>(work.run());
    }
    void start_child(task<outcome> child, cancel_scope& scope, task_owner& owner) {
        boost::fibers::fiber(std::allocator_arg, boost::fibers::fixedsize_stack(stack_bytes_),
                             [&scope, &owner, work = std::move(child)]() mutable {
                                 run_child(std::move(work), scope, owner);
                             })
            .detach();
    }
    offload_pool& pool() {
        if (!pool_) {
            pool_ = offload_pool::shared(offload_);
        }
        return *pool_;
    }
    mailbox& mail() { return scheduler_->io().mail(); }
    // The engine always watches the mailbox.
    static void expect_mail() {}
    static void mail_came() {}
    static void mail_was_withdrawn() {}

protected:
    /// Makes a scheduler with an engine built of `arguments` the calling thread's.
    template <class... Arguments>
    runtime_on(std::size_t stack_bytes, std::int64_t offload_threads,
               std::int64_t offload_scheduling, Arguments&&... arguments)
        : stack_bytes_(stack_bytes),
          offload_(offload_pool::grant(offload_threads, offload_scheduling, notes_)) {
        auto owned = boost::intrusive_ptr<scheduler<Engine>>(
            new scheduler<Engine>(std::forward<Arguments>(arguments)...));
        scheduler_ = owned.get();
        context::active()->get_scheduler()->set_algo(owned);
    }
    std::size_t stack_bytes() const { return stack_bytes_; }
    offload_settings offload_configuration() const { return offload_; }

private:
    /// Parks the calling fiber until a connection or stop() comes; nothing when stopped.
    unique_fd accept(int listener) {
        for (;;) {
            const int result = scheduler_->io().accept(listener);
            if (result >= 0) {
                set_no_delay(result);
                return unique_fd(result);
            }
            if (result == -ECANCELED) {
                return unique_fd();
            }
            if (is_exhaustion(-result)) {
                (void)sleep_for(std::chrono::milliseconds(10));
            } else if (!is_passing_accept_error(-result)) {
                throw std::system_error(-result, std::generic_category(), "accept");
            }
        }
    }

    std::size_t drain_sessions() {
        pause until_over(scheduler_->timers());
        drainer_ = &until_over;
        shut_down(open_.accepted, SHUT_RD);
        if (live_sessions_ != 0) {
            until_over.wait(std::chrono::steady_clock::now() + drain_deadline);
        }
        const std::size_t aborted = live_sessions_;
        everything_.cancel();
        shut_down(open_.accepted, SHUT_RDWR);
        shut_down(open_.opened, SHUT_RDWR);
        while (live_sessions_ != 0) {
            until_over.wait(steady_time::max());
        }
        drainer_ = nullptr;
        return aborted;
    }

    static void run_child(task<outcome> work, cancel_scope& scope, task_owner& owner) {
        outcome given;
        std::exception_ptr thrown;
        current_scope = &scope;
        try {
            // Its frame goes before the owner hears of the end.
            task<outcome> running = std::move(work);
            given = running.run();
        } catch (...) {
            thrown = std::current_exception();
        }
        owner.task_finished(given.error, std::move(thrown));
    }

    template <class Body>
    void run_session(Body body) {
        try {
            body();
        } catch (const std::exception& failure) {
            std::fprintf(stderr, "a session ended by an exception: %s\n", failure.what());
        }
        if (--live_sessions_ == 0 && drainer_ != nullptr) {
            drainer_->end();
        }
    }

    scheduler<Engine>* scheduler_;  // the thread's; Boost.Fiber owns it
    std::size_t stack_bytes_;
    std::vector<std::string> notes_;
    offload_settings offload_;
    cancel_scope everything_{nullptr};
    connections<connection> open_;
    std::size_t live_sessions_ = 0;
    pause* drainer_ = nullptr;  // while draining
    std::shared_ptr<offload_pool> pool_;
};

}  // namespace regatta::fibers
