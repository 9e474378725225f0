#pragma once

#include <nlohmann/json.hpp>

#include "harness/measure/censoring.hpp"
#include "harness/measure/histogram.hpp"

namespace regatta {

/// Every name of `metrics` in results/FORMAT.md, all null.
nlohmann::json empty_metrics();

/// Fills in the latency metrics from `latency`; a percentile with too few samples, or one that
/// falls among the unanswered requests, stays null, and so do maximum and mean where there are
/// such.
void set_latency_metrics(nlohmann::json& metrics, const censored_latency& latency);

/// `value`, or null when there is none.
template <class Value>
nlohmann::json json_or_null(const std::optional<Value>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
}

}  // namespace regatta
