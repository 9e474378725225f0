#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "harness/measure/censoring.hpp"

namespace regatta {

/// A bound on a percentile of the response time.
struct service_objective {
    std::string percentile;  ///< "p99"
    double fraction;         ///< 0.99
    std::uint64_t bound_ns;

    /// The fewest requests that the percentile can be told from (results/FORMAT.md).
    double samples_min() const { return 100 / (1 - fraction); }
};

/// Reads "p99=1ms", "p99.9=500us", "p50=2s". Nothing for another form, a percentile outside
/// 0 .. 99.999 or a bound of 0.
std::optional<service_objective> parse_service_objective(std::string_view text);

/// The percentile that `objective` is about, of an open-loop trial's record that is ok or invalid.
/// Throws nlohmann::json::exception when a field is missing.
censored_percentile percentile_of_trial(const service_objective& objective,
                                        const nlohmann::json& trial);

}  // namespace regatta
