#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtimes/endpoint.hpp"
#include "runtimes/outcome.hpp"
#include "workloads/workload.hpp"

/// What a C++ runtime is. See runtimes/README.md for how to add one and runtimes/CONTRACT.md for
/// the program that `runtimes/main` makes of it.
namespace regatta {

/// The values given with `--set` that the runtime itself declares, in the order of
/// `about().parameters`.
using runtime_settings = std::vector<std::int64_t>;

/// What `describe` says of a runtime.
struct runtime_info {
    std::string_view name;         ///< "asio"
    std::string_view model;        ///< "thread", "coroutine", "fiber" or "none"
    std::string_view engine;       ///< "blocking", "epoll", "io_uring" or "none"
    std::string_view description;  ///< one sentence
    std::vector<std::pair<std::string, std::string>> versions;  ///< of the libraries it stands on
    std::span<const parameter> parameters = {};
    bool is_reference_only = false;  ///< for testing the harness: suites leave it out
    /// Why it has not all verbs, as `full_runtime` has; empty where it has.
    std::string_view why_not_full = {};
};

/// A worker: one instance on one OS thread. A server has `--workers` of them, each with a listening
/// socket of its own (SO_REUSEPORT); they share nothing.
///
/// A worker is built, run and destroyed on its thread. Every awaitable resumes its coroutine on
/// that thread too (on the connection's thread where the model is `thread`).
///
/// - `about()`: static; what it is.
/// - `unavailable()`: static; why this machine cannot run it, or nothing.
/// - `serve(listener, on_accept)`: accepts connections from the non-blocking listening socket
/// `listener`
///   (which stays the caller's) and runs the task `on_accept(stream)` for each, until stop(). Then
///   stops accepting, shuts the receive side of every connection, lets the sessions finish their
///   replies for at most `drain_deadline`, aborts the rest, and returns.
/// - `run(body)`: runs the task `body()` to its end on this worker.
/// - `stop()`: from any thread, once; makes serve() return.
/// - `configuration()`: the settings in effect, which may differ from those asked for when the
/// machine
///   lacks something (the harness compares), and `notes()`: a line for each fallback taken.
///
/// Verbs, all awaitable:
/// - `stream::receive()` -> `received<Bytes>`; `stream::send(bytes_view)` -> `outcome`, after all
///   bytes were handed to the system. At most one of each at a time. A stream closes when it is
///   destroyed.
/// - `sleep_for(nanoseconds)` -> `outcome`; other tasks of the worker run meanwhile. Error
///   ECANCELED when the worker aborts its sessions.
/// - `yield()`: lets other ready tasks of the worker run.
///
/// `task<T>` is lazy: it starts when it is awaited or given to the worker.
template <class Runtime>
concept runtime = requires(Runtime& worker, typename Runtime::stream& peer, bytes_view bytes,
                           std::chrono::nanoseconds duration) {
    typename Runtime::template task<void>;
    { Runtime::about() } -> std::same_as<runtime_info>;
    { Runtime::unavailable() } -> std::same_as<std::optional<std::string>>;
    { worker.configuration() } -> std::convertible_to<runtime_settings>;
    { worker.notes() } -> std::convertible_to<std::vector<std::string>>;
    worker.stop();
    peer.receive();
    peer.send(bytes);
    worker.sleep_for(duration);
    worker.yield();
};

/// A runtime with all verbs; the rules of cancellation are in runtimes/README.md.
///
/// - `connect(endpoint)` -> `connected<stream>`.
/// - `task_group group(worker)`: `group.spawn(task<outcome>)` starts a child. A child that gives an
///   error or throws cancels its siblings. `co_await group.join()` goes on after all children have
///   ended, gives the first failure, and rethrows it where it was an exception. `group.cancel()`
///   cancels all children. To be joined before it is destroyed: see `with_task_group`.
/// - `with_deadline(nanoseconds, task<T>)` -> `T`, whose error is ETIMEDOUT where the deadline
/// ended
///   it. Goes on when the task has really ended.
/// - `channel<T> queue(worker, capacity)`: `queue.send(value)` -> `outcome`, waits while `capacity`
///   values are in it; `queue.receive()` -> `taken<T>`; `queue.close()`. First come, first served.
/// - `semaphore permits(worker, count)`: `permits.acquire()` -> `outcome`; `permits.release()`.
/// - `offload(function)` -> `offloaded<T>`: runs `function()` on a pool of threads, and rethrows
/// what
///   it throws.
///
/// Groups, channels and semaphores belong to their worker: only its tasks may use them.
template <class Runtime>
concept full_runtime = runtime<Runtime> &&
    requires(Runtime& worker, const endpoint& where, std::chrono::nanoseconds duration,
             typename Runtime::template task<outcome> child, typename Runtime::task_group& group,
             typename Runtime::template channel<int>& queue, typename Runtime::semaphore& permits,
             int (*function)()) {
    requires std::constructible_from<typename Runtime::task_group, Runtime&>;
    requires std::constructible_from<typename Runtime::template channel<int>, Runtime&, int>;
    requires std::constructible_from<typename Runtime::semaphore, Runtime&, int>;
    worker.connect(where);
    group.spawn(std::move(child));
    group.join();
    group.cancel();
    worker.with_deadline(duration, std::move(child));
    queue.send(1);
    queue.receive();
    queue.close();
    permits.acquire();
    permits.release();
    worker.offload(function);
};

/// How long sessions may take to finish after stop() before they are aborted.
inline constexpr std::chrono::milliseconds drain_deadline{1000};

}  // namespace regatta
