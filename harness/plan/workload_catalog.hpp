#pragma once

#include <string>
#include <vector>

#include "workloads/workload.hpp"

namespace regatta {

/// A workload as the harness sees it: the type behind it is erased.
struct workload_info {
    std::string name;
    std::string about;
    workload_kind kind;
    std::span<const parameter> parameters;
    /// Most replies per second that `connections` can get; no_ceiling where there is no bound.
    double (*ceiling_per_s)(const params& values, std::int64_t connections);
    /// The right answer of a job; null for a server workload.
    std::string (*expected_answer)(const params& values);
};

/// "server" or "job", as results files and `describe` say it.
std::string_view kind_name(workload_kind kind);

/// Every workload compiled in, by name.
const std::vector<workload_info>& all_workload_info();

/// The workload called `name`, or null.
const workload_info* find_workload(std::string_view name);

}  // namespace regatta
