#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/measure/histogram.hpp"
#include "runtimes/main/listening.hpp"
#include "runtimes/runtime.hpp"
#include "runtimes/support/socket.hpp"

/// How late a worker's loop serves what is due: every few milliseconds a clock of this program
/// sends each worker, over a connection of its own, the time at which that was due, and a session
/// on the worker takes the difference when it gets to it. So the probe is one more connection to
/// every runtime alike. A timer on each worker instead would stand in every one of the loop's
/// turns: epoll_pwait2 with a time limit costs more than epoll_wait without, and runtimes would pay
/// differently.
namespace regatta {

/// Why `info`'s runtime has no loop lag, or nothing when it has one.
std::optional<std::string> loop_lag_obstacle(const runtime_info& info);

/// The lags of one worker. For its own thread only, until the worker has ended.
class lag_log {
public:
    /// Takes due times that the clock sent, 8 bytes each, which may come in pieces.
    void take(bytes_view bytes);

    /// A connection was accepted. Until the first session has ended (`has_ended` then holds) the
    /// log begins anew: opening the connections is no part of the load.
    void accepted(bool has_ended) { begins_anew_ = begins_anew_ || !has_ended; }

    const histogram& lags() const { return lags_; }

private:
    histogram lags_;
    std::array<std::byte, sizeof(std::uint64_t)> piece_{};
    std::size_t piece_bytes_ = 0;
    bool begins_anew_ = false;
};

/// The session on the worker's side: ends with its connection.
template <runtime Runtime>
auto lag_session(Runtime&, typename Runtime::stream peer, lag_log& log) ->
    typename Runtime::template task<void> {
    for (;;) {
        auto [failed, bytes] = co_await peer.receive();
        if (failed || bytes.empty()) {
            co_return;
        }
        log.take(bytes);
    }
}

/// The clock: a thread that sends the time over one connection to each worker, each period once,
/// late or not, with the time at which it was due.
class lag_clock {
public:
    /// Connects to each of `listening`'s workers, in their order, which must be the first to
    /// connect there; then begins to send. Throws std::system_error.
    lag_clock(const listeners& listening, std::chrono::nanoseconds period);
    /// Ends the thread at once, and with the connections the sessions.
    ~lag_clock() = default;

private:
    void run(const std::stop_token& asked, std::chrono::nanoseconds period);

    std::vector<unique_fd> peers_;
    std::jthread thread_;  // last: ended before the connections are closed
};

/// `loop_lag` of the `done` line (runtimes/CONTRACT.md); `reason` says why there are no lags.
nlohmann::json loop_lag_json(const histogram& lags, const std::optional<std::string>& reason);

}  // namespace regatta
