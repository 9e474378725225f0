#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/plan/suite.hpp"

namespace regatta {

/// The benchmarks of one entry: for each combination of its axes' values (the last axis fastest),
/// one for each of its runtimes. Where a runtime lacks a parameter, its combinations fall together.
/// Runtimes that cannot run it are left out, each with its name and a line in `notes`. Throws
/// `failure` with status 2 for a value that is not allowed.
std::vector<benchmark> expand(const suite_entry& entry, const std::vector<runtime_entry>& runtimes,
                              std::map<std::string, std::string>& notes);

}  // namespace regatta
