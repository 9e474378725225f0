#pragma once

#include <memory>

#include "harness/server/server_process.hpp"

namespace regatta {

/// The backend that a trial's server asks. It is the same program for every runtime, so that only
/// what is in front of it differs: the runtime `epoll`, which is always there and waits in timers.
class backend_process {
public:
    /// Starts it for `arm`, whose workload has a backend, and waits until it is ready. Throws as
    /// server_process does.
    backend_process(const benchmark& arm, std::int64_t rounds_per_us, const std::vector<int>& cpus);

    int port() const { return server_->port(); }
    pid_t pid() const { return server_->pid(); }
    /// As server_process::stop().
    std::optional<std::string> stop();

private:
    runtime_entry runtime_;
    std::unique_ptr<server_process> server_;
};

/// The backend of `arm`, or null where its workload needs none.
std::unique_ptr<backend_process> start_backend(const benchmark& arm, std::int64_t rounds_per_us,
                                               const std::vector<int>& cpus);

}  // namespace regatta
