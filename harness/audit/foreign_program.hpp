#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/audit/tool.hpp"

namespace regatta::audit {

/// Where `name` is on PATH; nothing when it is not there.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// The version of Debian's `package` that is installed; nothing when that cannot be told.
std::optional<std::string> package_version(const std::string& package);

/// Runs `command` on the tool's CPUs until it ends, and gives the lines that it printed. Throws
/// trial_failure when it fails, takes much longer than the load, or the server ends before it.
std::vector<std::string> run_program(const std::vector<std::string>& command,
                                     const load_request& asked, const running_server& server);

/// The URL of the server.
std::string url_of(const running_server& server);

/// `text` as a number; throws trial_failure that names `where` when it is none.
double number_in(const std::string& text, const std::string& where);

}  // namespace regatta::audit
