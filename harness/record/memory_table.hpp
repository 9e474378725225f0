#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta {

/// What `memory` records (results/FORMAT.md) of one run say of each benchmark: the fields of a
/// `verdict` of the kind `memory`, in the order of runtimes. A benchmark is named without its
/// connections. Throws std::runtime_error where a record lacks what the format promises.
std::vector<nlohmann::json> memory_verdicts(const std::vector<nlohmann::json>& records);

/// The verdicts as a Markdown table in KiB per connection for each workload, the records' reasons
/// and warnings, and a line that says how to read the figures.
std::string render_memory(const std::vector<nlohmann::json>& verdicts,
                          const std::vector<nlohmann::json>& records);

}  // namespace regatta
