#pragma once

#include <cstdint>
#include <limits>
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
    /// Most replies per second that `connections` can get from a server with `workers`; no_ceiling
    /// where there is no bound.
    double (*ceiling_per_s)(const params& values, std::int64_t connections, std::int64_t workers);
    /// The right answer of a job; null for a server workload.
    std::string (*expected_answer)(const params& values);
    /// The workload that its backend serves; empty where it needs none.
    std::string backend;
    /// The values of the backend's parameters; null without one.
    params (*backend_values)(const params& values) = nullptr;
    /// Which replies are set apart: "refused"; empty where none are.
    std::string set_apart;
    /// How many replies beyond the ceiling a window can have of each connection, for what its edges
    /// cut.
    std::int64_t replies_at_edges = 1;
    /// How many replies may be set apart; null where each tells by itself.
    apart_range (*apart_of)(const params& values, const window_figures& window) = nullptr;
    /// Most workers that it can be served by.
    std::int64_t workers_max = std::numeric_limits<std::int64_t>::max();
    /// How the generator uses the connections; null for a job.
    load_shape (*load)(const params& values) = nullptr;
    /// What a job must count of its tasks; null where it counts none.
    unit_count (*expected_units)(const params& values, std::int64_t workers) = nullptr;
    /// The parameter that says how many tasks wait; empty unless that is what the job is for.
    std::string_view count_name = {};
};

/// "server" or "job", as results files and `describe` say it.
std::string_view kind_name(workload_kind kind);

/// Every workload compiled in, by name.
const std::vector<workload_info>& all_workload_info();

/// The workload called `name`, or null.
const workload_info* find_workload(std::string_view name);

}  // namespace regatta
