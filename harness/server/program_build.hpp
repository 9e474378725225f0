#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/plan/runtime_entry.hpp"

namespace regatta {

/// `command` with `{program}` replaced by where the program of the runtime `name` is built: in
/// `runtimes/NAME/` beside this program.
std::vector<std::string> with_program(std::vector<std::string> command, const std::string& name);

/// Runs `build`, the command of `entry`'s manifest, in its folder, where the program is missing or
/// older than a file of the folder; says so on a terminal. Two harnesses do not build at once,
/// and a program appears whole or not at all. Gives why there is none, or nothing.
std::optional<std::string> build_program(const runtime_entry& entry,
                                         const std::vector<std::string>& build);

}  // namespace regatta
