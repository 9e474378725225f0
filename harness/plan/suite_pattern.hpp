#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/toml_file.hpp"

namespace regatta {

/// The values of `steps` or `bursts` in a suite's params, as on the command line. A pattern of
/// steps is a list of { duration_s = 2, rate_per_s = 1000 }, one of bursts is { requests = 100,
/// period_s = 0.05 }, and either may be the text that the command line takes; a list of patterns is
/// several. Throws `failure` with status 2 and the line for anything else.
std::vector<std::string> pattern_values(const toml_file& file, std::string_view parameter,
                                        const toml::node& node);

}  // namespace regatta
