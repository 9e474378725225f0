#pragma once

#include <filesystem>
#include <string>

namespace regatta::cli {

/// The results file of the named baseline: results/baselines/NAME.jsonl of the source tree. Throws
/// `usage_failure` with the names that exist when there is none.
std::filesystem::path baseline_file(const std::string& name);

}  // namespace regatta::cli
