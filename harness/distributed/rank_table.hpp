#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "harness/distributed/roster.hpp"

namespace regatta::distributed {

/// `ranks` of a merged result (results/FORMAT.md): what stands beside the pooled figures.
nlohmann::json rank_table(const roster& ranks, std::string_view transport_name);

}  // namespace regatta::distributed
