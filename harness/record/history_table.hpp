#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/record/history.hpp"

namespace regatta {

/// Markdown tables, one for each metric on each machine, with a row for each series: its length,
/// its latest figure, how it compares with the one before, and its change points; and how to read
/// them.
std::string render_history(const std::vector<history_series>& all);

/// The `series` record of results/FORMAT.md.
nlohmann::json to_json(const history_series& series);

}  // namespace regatta
