#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/plan/suite.hpp"

namespace regatta {

/// What the user asked to run.
struct selection_request {
    std::string what;                   ///< a suite or a filter
    std::optional<std::string> filter;  ///< on the benchmarks of the suite `what`
    /// Parameters that replace those of the suite: name, value or values with commas between.
    std::vector<std::pair<std::string, std::string>> overrides;
};

struct selection {
    suite timing;                           ///< the suite whose rounds and times hold
    std::optional<std::string> suite_name;  ///< where one was named
    std::optional<std::string> filter;
    std::vector<benchmark> benchmarks;
    std::vector<std::string> notes;  ///< what was left out and why
};

/// The benchmarks that `request` means, in suite order; they point into `runtimes`. A filter alone
/// selects from the suite `standard`; when nothing there matches, from every workload with its
/// defaults on every runtime; when nothing there matches either and the filter is a name with
/// values, like `echo/asio/size:100`, the benchmark of that name. Throws `failure` with one line
/// when the request is wrong or selects nothing.
selection select(const selection_request& request, const std::vector<runtime_entry>& runtimes);

}  // namespace regatta
