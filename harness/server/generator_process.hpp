#pragma once

#include <optional>
#include <string>

#include "harness/measure/validity.hpp"
#include "harness/server/conversation.hpp"
#include "harness/server/trial.hpp"

namespace regatta {

/// The server that is put under load.
struct served_at {
    std::string address;  ///< numeric, or unix:@NAME
    int port = 0;
    std::optional<pid_t> pid;        ///< whose CPU time is read; nothing: it is not known
    const speaker* voice = nullptr;  ///< whose end ends the trial; null: it is nobody's child here
};

/// The load generator of one trial: `regatta-load`, which speaks the protocol of
/// harness/load/README.md. Each step throws trial_failure when the generator fails, or the server
/// ends, meanwhile.
class generator_process {
public:
    /// Starts it where `placed` says against `server`.
    generator_process(const benchmark& arm, const trial_settings& settings, const placement& placed,
                      const served_at& server);
    /// The same for a server of this harness.
    generator_process(const benchmark& arm, const trial_settings& settings, const placement& placed,
                      int port, pid_t server_pid, const speaker& server)
        : generator_process(arm, settings, placed,
                            served_at{settings.ranks.server_address, port, server_pid, &server}) {}

    /// Its processes on this machine; once connected.
    const std::vector<pid_t>& pids() const { return pids_; }

    /// All connections are open, and no request was sent.
    void await_connected();
    /// Sends the first requests; returns when the warm-up is over.
    void begin();
    /// The time of the window is over; replies may be outstanding.
    void await_window_end();
    /// The window is over and the outstanding replies are in; the connections are still open.
    void await_measured();
    /// Closes the connections; gives the `result` line.
    nlohmann::json finish();

private:
    nlohmann::json await(std::string_view event, std::chrono::nanoseconds longest);
    void tell(std::string_view word);

    std::chrono::nanoseconds connect_;
    std::chrono::nanoseconds warmup_;
    std::chrono::nanoseconds measure_;
    std::chrono::nanoseconds launch_;
    std::vector<pid_t> pids_;
    clock_type::time_point window_begin_;
    child_process process_;
    speaker voice_;
    const speaker* server_;
};

/// The `client` counters of a result line; throws nlohmann::json::exception when one is missing.
client_counts client_counts_of(const nlohmann::json& result);

}  // namespace regatta
