#pragma once

#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workloads/workload.hpp"

/// What a C++ runtime is. See runtimes/README.md for how to add one and runtimes/CONTRACT.md for
/// the program that `runtimes/main` makes of it.
namespace regatta {

/// Outcome of an operation of the data plane: 0 or an errno value.
class [[nodiscard]] io_error {
public:
    constexpr io_error() = default;
    constexpr explicit io_error(int errno_value) : value_(errno_value) {}
    constexpr explicit operator bool() const { return value_ != 0; }
    constexpr int value() const { return value_; }
    std::string message() const { return std::strerror(value_); }

private:
    int value_ = 0;
};

/// What `send` and `sleep_for` give: `auto [failed] = co_await peer.send(bytes);`
struct outcome {
    io_error error;
};

/// What `receive` gives: `auto [failed, bytes] = co_await peer.receive();`. No error and no bytes
/// is the end of the stream. `Bytes` converts to `bytes_view` and is valid until it is destroyed or
/// the next receive on the same stream begins, whichever is first.
template <class Bytes>
struct received {
    io_error error;
    Bytes bytes;
};

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
/// bytes
///   were handed to the system. At most one of each at a time. A stream closes when it is
///   destroyed.
/// - `sleep_for(nanoseconds)` -> `outcome`; other tasks of the worker run meanwhile. Error
/// ECANCELED when
///   the worker aborts its sessions.
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

/// How long sessions may take to finish after stop() before they are aborted.
inline constexpr std::chrono::milliseconds drain_deadline{1000};

}  // namespace regatta
