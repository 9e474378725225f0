#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace regatta {

/// A runtime's `runtime.toml` (runtimes/CONTRACT.md).
struct manifest {
    std::string name;
    std::vector<std::string> command;
    std::vector<std::string> build;          ///< makes `{program}`; empty: nothing to build
    std::vector<std::string> probe;          ///< empty: none
    std::string needs;                       ///< said when the probe fails
    std::optional<std::string> unavailable;  ///< why it cannot be built or run here
    bool in_suites = true;                   ///< else only in those that name it
};

/// What a command calls the program that `build` makes.
inline constexpr std::string_view program_placeholder = "{program}";

/// Reads `file`. Throws `failure` with one line, "FILE:LINE: what is wrong", when it is malformed.
manifest read_manifest(const std::filesystem::path& file);

}  // namespace regatta
