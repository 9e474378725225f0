#pragma once

#include <vector>

#include "harness/audit/server_model.hpp"
#include "harness/measure/histogram.hpp"
#include "harness/server/conversation.hpp"

namespace regatta::audit {

/// The program regatta-audit-server, running on `cpus`.
class server_child {
public:
    /// Throws `failure` when it is missing, trial_failure when it does not get ready.
    server_child(const server_model& model, const std::vector<int>& cpus);

    int port() const { return port_; }
    pid_t pid() const { return process_.pid(); }
    const speaker& voice() const { return voice_; }

    /// Stops it; gives how late it was beyond its model. Throws trial_failure when it does not say.
    histogram stop();

private:
    server_model model_;
    child_process process_;
    speaker voice_;
    int port_;
};

}  // namespace regatta::audit
