#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta {

/// What trials of the same programs, in their order, say of the noise: the `verdict` records of the
/// kind `noise` (results/FORMAT.md), one for each benchmark in the order of their first trials.
std::vector<nlohmann::json> noise_verdicts(const std::vector<nlohmann::json>& trials);

/// Such a verdict as a headline, a Markdown table and what follows from it.
std::string render_noise(const nlohmann::json& verdict);

}  // namespace regatta
