#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/benchmark.hpp"

/// What a runtime can do at most is measured first, where a load is a share of it.
namespace regatta::cli {

/// The closed-loop benchmarks whose rates `arms` need, each once.
std::vector<benchmark> capacity_benchmarks(const std::vector<benchmark>& arms);

/// Gives each of `arms` whose load is a share the rate that it comes to: that share of the median
/// rate of its closed-loop benchmark's ok trials. One without such a trial keeps none.
void set_load_rates(std::vector<benchmark>& arms, const std::vector<nlohmann::json>& trials);

}  // namespace regatta::cli
