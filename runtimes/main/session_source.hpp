#pragma once

#include <memory>
#include <utility>

#include "runtimes/main/worker_state.hpp"
#include "runtimes/runtime.hpp"

namespace regatta {

/// Makes the sessions of one worker. It hides the workload's type, so that what serves them is
/// compiled once for a runtime and not once for each of its workloads. Built on the worker's thread
/// before the first session, destroyed there after the last.
template <runtime Runtime>
class session_source {
public:
    virtual ~session_source() = default;
    /// The session of one connection; it refers to all that it is given.
    virtual typename Runtime::template task<void> session(Runtime& worker,
                                                          typename Runtime::stream peer,
                                                          const params& values,
                                                          counters& counts) = 0;
};

/// How a server gets the source of each of its workers.
template <runtime Runtime>
using session_source_maker = std::unique_ptr<session_source<Runtime>> (*)(Runtime& worker,
                                                                          const params& values);

template <class Workload, runtime Runtime>
class session_source_of final : public session_source<Runtime> {
public:
    session_source_of(Runtime& worker, const params& values) : shared_(worker, values) {}

    typename Runtime::template task<void> session(Runtime& worker, typename Runtime::stream peer,
                                                  const params& values, counters& counts) override {
        return make_session<Workload, Runtime>(worker, std::move(peer), values, counts, shared_);
    }

private:
    worker_state<Workload, Runtime> shared_;
};

/// A `session_source_maker` for `Workload`.
template <class Workload, runtime Runtime>
std::unique_ptr<session_source<Runtime>> sessions_of(Runtime& worker, const params& values) {
    return std::make_unique<session_source_of<Workload, Runtime>>(worker, values);
}

}  // namespace regatta
