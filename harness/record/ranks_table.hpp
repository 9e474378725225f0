#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta {

/// A table of the ranks that shared the loads of `trials`, one row for each rank of a benchmark:
/// medians over its trials, and the worst of what should be small. Empty where one generator
/// loaded.
std::string render_ranks(const std::vector<nlohmann::json>& trials);

}  // namespace regatta
