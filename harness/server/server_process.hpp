#pragma once

#include "harness/server/conversation.hpp"
#include "harness/server/trial.hpp"
#include "workloads/workload.hpp"

namespace regatta {

/// A runtime's server for one trial: `PROGRAM serve`, from its start until it is stopped or
/// destroyed.
class server_process {
public:
    /// Starts it on `cpus` and waits until it is ready with exactly the configuration asked for.
    /// Throws trial_failure, `failure` or `interrupted`.
    server_process(const benchmark& arm, std::int64_t rounds_per_us, const std::vector<int>& cpus);

    int port() const { return port_; }
    /// The process that serves: the one to ask for memory and CPU time.
    pid_t pid() const { return pid_; }
    const nlohmann::json& effective() const { return effective_; }
    /// Its sentences on fallbacks taken: an array.
    const nlohmann::json& notes() const { return notes_; }
    const speaker& voice() const { return voice_; }

    /// Asks it to stop, waits for its counters and its end, and kills it beyond the deadline. Gives
    /// why its end was not a clean one, or nothing. Not cut short by a request to stop.
    std::optional<std::string> stop();

    /// What it counted; zeros unless stop() was clean.
    const counters& counted() const { return counted_; }

    /// The `server` object of the trial record, as far as it is known.
    nlohmann::json record() const;

private:
    void check_ready(const benchmark& arm, std::int64_t rounds_per_us, const nlohmann::json& ready);
    std::optional<std::string> take_done();

    child_process process_;
    speaker voice_;
    int port_ = 0;
    pid_t pid_ = 0;
    nlohmann::json effective_;
    nlohmann::json notes_ = nlohmann::json::array();
    nlohmann::json done_;
    counters counted_;
};

}  // namespace regatta
