#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta {

/// What a trial's intervals say of its steady state.
struct steady_state {
    nlohmann::json record;  ///< `steady_state` of results/FORMAT.md; null: too few to tell
    std::vector<std::string> warnings;  ///< one for a warm-up in the window, one for each trend
};

/// Judges the `intervals` of a trial whose window is `window_ns` long. The last interval, which may
/// be short, is left out.
steady_state judge_steady_state(const nlohmann::json& intervals, double window_ns);

}  // namespace regatta
