#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/plan/benchmark.hpp"

namespace regatta {

/// The command line `PROGRAM serve ...` or `PROGRAM job ...` of the contract for `arm`. The
/// workload's parameters are all given, the runtime's where they differ from its defaults.
std::vector<std::string> contract_command(const benchmark& arm, const std::string& verb,
                                          std::int64_t rounds_per_us);

/// The first difference between what was asked for and what the program says it runs with, as a
/// sentence; nothing when they agree.
std::optional<std::string> effective_difference(const benchmark& arm, std::int64_t rounds_per_us,
                                                const nlohmann::json& effective);

}  // namespace regatta
