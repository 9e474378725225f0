#pragma once

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <sys/types.h>
#include <nlohmann/json.hpp>

namespace regatta {

/// Samples the resident set of a process from its making to stop(). One sample reads one line of
/// /proc/PID/statm, which takes some microseconds and no lock of the process.
class resident_series {
public:
    resident_series(pid_t pid, std::chrono::nanoseconds period);

    /// `memory_series` of results/FORMAT.md: [{start_ns, rss_bytes}], times from the making. Ends
    /// the sampling.
    nlohmann::json stop();

private:
    struct sample {
        std::int64_t start_ns;
        std::uint64_t rss_bytes;
    };

    std::vector<sample> samples_;
    std::jthread sampler_;  // last: it uses the others
};

}  // namespace regatta
