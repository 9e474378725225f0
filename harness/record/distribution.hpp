#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/measure/histogram.hpp"

namespace regatta {

/// The latencies of one trial, and when they were measured.
struct distribution_part {
    double started_at_s;  ///< since the epoch, UTC
    double measured_s;
    histogram latency;
};

/// The latencies of one benchmark, trial by trial.
struct distribution {
    /// The benchmark's name; with "/mode:open" behind it in open-loop mode, whose latency is
    /// another quantity (the response time).
    std::string name;
    std::vector<distribution_part> parts;

    /// All parts together.
    histogram merged() const;
};

/// The distributions of the valid trials among `trials`, in the order of their first trial. Throws
/// `failure` naming the trial that lacks what results/FORMAT.md promises.
std::vector<distribution> distributions_of(const std::vector<nlohmann::json>& trials);

/// Seconds since the epoch of an ISO 8601 time in UTC with or without fractions of a second. Throws
/// `failure` for anything else.
double seconds_since_epoch(const std::string& time);

}  // namespace regatta
