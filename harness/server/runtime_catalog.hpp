#pragma once

#include <filesystem>
#include <vector>

#include "harness/plan/runtime_entry.hpp"

namespace regatta {

/// Every runtime found in the folders `runtimes/*/` beside this program and in the source tree, and
/// in each subfolder of `more` (or in `more` itself when it holds a manifest), by name. Asks each
/// program to describe itself. What is wrong with one is in its entry, never fatal; a runtime
/// found twice is taken from the first place. Throws `failure` when a folder of `more` does not
/// exist or holds no runtime.
std::vector<runtime_entry> find_runtimes(const std::vector<std::filesystem::path>& more);

/// The runtime whose manifest is in `folder`, in the same way. Throws `failure` when there is none.
runtime_entry find_runtime_in(const std::filesystem::path& folder);

/// The program of a runtime: its own file in its folder where its command names one, else the
/// command's first word as found in PATH. Empty when there is none.
std::filesystem::path program_of(const runtime_entry& runtime);

/// The runtime called `name`, or null.
const runtime_entry* find_runtime(const std::vector<runtime_entry>& runtimes,
                                  std::string_view name);

}  // namespace regatta
