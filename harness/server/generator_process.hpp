#pragma once

#include "harness/measure/validity.hpp"
#include "harness/server/conversation.hpp"
#include "harness/server/trial.hpp"

namespace regatta {

/// The load generator of one trial: `regatta-load`, which speaks the protocol of
/// harness/load/README.md. Each step throws trial_failure when the generator fails, or the server
/// ends, meanwhile.
class generator_process {
public:
    /// Starts it where `placed` says against `port` of `server`.
    generator_process(const benchmark& arm, const trial_settings& settings, const placement& placed,
                      int port, pid_t server_pid, const speaker& server);

    pid_t pid() const { return process_.pid(); }

    /// All connections are open, and no request was sent.
    void await_connected();
    /// Sends the first requests; returns when the warm-up is over.
    void begin();
    /// The window is over and the outstanding replies are in; the connections are still open.
    void await_measured();
    /// Closes the connections; gives the `result` line.
    nlohmann::json finish();

private:
    nlohmann::json await(std::string_view event, std::chrono::nanoseconds longest);
    void tell(std::string_view word);

    std::chrono::nanoseconds warmup_;
    std::chrono::nanoseconds measure_;
    child_process process_;
    speaker voice_;
    const speaker& server_;
};

/// The `client` counters of a result line; throws nlohmann::json::exception when one is missing.
client_counts client_counts_of(const nlohmann::json& result);

}  // namespace regatta
