#pragma once

#include <nlohmann/json.hpp>

#include "harness/plan/runtime_entry.hpp"

namespace regatta {

/// Takes over into `entry` what its program printed for `describe` (runtimes/CONTRACT.md). Throws
/// trial_failure with the field that is missing or wrong.
void apply_description(runtime_entry& entry, const nlohmann::json& description);

}  // namespace regatta
