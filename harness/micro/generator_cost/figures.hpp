#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "harness/micro/generator_cost/trials.hpp"

namespace regatta::generator_cost {

/// How many times our CPU time per request another generator's is to be, at least.
inline constexpr double wrk_ratio_min = 1.4;
inline constexpr double h2load_ratio_min = 1.6;
/// How many times sockperf's our one-connection latency may be, at most.
inline constexpr double sockperf_ratio_max = 1.05;

/// The fields of the record `micro` that are this program's own (results/FORMAT.md).
nlohmann::json to_json(const outcome& found);

/// For people: Markdown tables from what to_json() gave.
std::string tables(const nlohmann::json& figures);

}  // namespace regatta::generator_cost
