#pragma once

#include <memory>

#include "harness/server/conversation.hpp"
#include "harness/server/trial.hpp"
#include "workloads/workload.hpp"

namespace regatta {

class backend_process;

/// A runtime's server for one trial: `PROGRAM serve`, from its start until it is stopped or
/// destroyed.
class server_process {
public:
    /// Starts it on `cpus` and waits until it is ready with exactly the configuration asked for.
    /// It listens on `address`. `probes_loop_lag`: where it offers to. A workload with a backend
    /// gets that first, on `backend_cpus`; it is stopped after the server. Throws trial_failure,
    /// `failure` or `interrupted`.
    server_process(const benchmark& arm, std::int64_t rounds_per_us, const std::vector<int>& cpus,
                   bool probes_loop_lag = false, const std::vector<int>& backend_cpus = {},
                   const std::string& address = "127.0.0.1");
    ~server_process();

    int port() const { return port_; }
    /// What the generator connects to: numeric, or `unix:@NAME` and port 0.
    const std::string& address() const { return address_; }
    /// The process that serves: the one to ask for memory and CPU time.
    pid_t pid() const { return pid_; }
    /// The process of its backend, where the workload has one.
    std::optional<pid_t> backend_pid() const;
    const nlohmann::json& effective() const { return effective_; }
    /// Its sentences on fallbacks taken: an array.
    const nlohmann::json& notes() const { return notes_; }
    /// After stop(): the limits of the system that it reached.
    const std::vector<std::string>& closing_notes() const { return closing_notes_; }
    const speaker& voice() const { return voice_; }

    /// Asks it to stop, waits for its counters and its end, and kills it beyond the deadline. Gives
    /// why its end was not a clean one, or nothing. Not cut short by a request to stop.
    std::optional<std::string> stop();

    /// After stop(): it had ended before it was asked to, or by a signal that is not ours. Then the
    /// trial lost its server, whenever that was noticed.
    bool is_lost() const { return is_lost_; }

    /// What it counted; zeros unless stop() was clean.
    const counters& counted() const { return counted_; }

    /// The `server` object of the trial record, as far as it is known.
    nlohmann::json record() const;

private:
    std::optional<std::string> stop_server();
    void check_ready(const benchmark& arm, std::int64_t rounds_per_us, const nlohmann::json& ready);
    std::optional<std::string> take_done();

    std::unique_ptr<backend_process> backend_;  // outlives the server
    std::string address_;
    std::optional<std::string> no_lag_;  // why its loop's lag is not probed
    std::chrono::microseconds done_deadline_;
    child_process process_;
    speaker voice_;
    int port_ = 0;
    pid_t pid_ = 0;
    nlohmann::json effective_;
    nlohmann::json notes_ = nlohmann::json::array();
    std::vector<std::string> closing_notes_;
    nlohmann::json done_;
    counters counted_;
    bool is_lost_ = false;
};

}  // namespace regatta
