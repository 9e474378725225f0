#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/cli/verb.hpp"
#include "harness/plan/selection.hpp"

namespace regatta::cli {

/// The options that name a server which runs already.
struct target_options {
    std::optional<std::string> target;    ///< HOST:PORT
    std::optional<std::string> workload;  ///< what it serves
    bool is_remote_allowed = false;
};

void declare(CLI::App& command, target_options& options);

/// The server of `options.target` as a runtime called `target`. A name is resolved. Throws
/// `failure` for what is no address, and for one beyond this machine unless that is allowed.
runtime_entry target_runtime(const target_options& options);

/// The benchmarks of the workload that `options` names on `target`, with `overrides`. Throws
/// `failure` when there is no such workload, parameter or value.
selection select_target(const target_options& options,
                        const std::vector<std::pair<std::string, std::string>>& overrides,
                        const std::vector<runtime_entry>& target);

}  // namespace regatta::cli
