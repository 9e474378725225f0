#pragma once

#include <chrono>
#include <vector>

#include "harness/measure/histogram.hpp"
#include "workloads/support/job_state.hpp"

namespace regatta {

/// The state of a job that measures something itself, beside the length of its iterations:
/// `Workload::sample_name` says what.
template <class Workload>
class sampled_state : public job_state<Workload> {
public:
    sampled_state(const params& values, unsigned workers)
        : job_state<Workload>(values, workers), samples_(workers) {}

    /// Only the worker itself may record, not its tasks.
    void record(shard which, std::chrono::nanoseconds value) {
        samples_[which.index].record(static_cast<std::uint64_t>(value.count()));
    }
    /// Between iterations: all that was recorded since clear_samples().
    histogram samples() const {
        histogram all;
        for (const histogram& each : samples_) {
            all.merge(each);
        }
        return all;
    }
    void clear_samples() {
        for (histogram& each : samples_) {
            each.clear();
        }
    }

private:
    std::vector<histogram> samples_;
};

}  // namespace regatta
