#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/workload_catalog.hpp"

namespace regatta {

/// Parameters that the harness adds to a workload's own.
inline constexpr parameter connections_parameter{
    "connections", "", 50, 1, 1'000'000, "connections that the generator holds open"};
inline constexpr parameter depth_parameter{"depth", "",   1,
                                           1,       1024, "requests in flight on each connection"};
inline constexpr parameter workers_parameter{
    "workers", "", 1, 1, 1024, "threads of the runtime that serve or compute"};

/// One arm of a comparison: a workload with all its parameters, on one runtime.
struct benchmark {
    const workload_info* workload = nullptr;
    std::string runtime;
    params values;  ///< of the workload; rounds_per_us is filled in when the run is calibrated
    std::int64_t connections = connections_parameter.fallback;  ///< server workloads only
    std::int64_t depth = depth_parameter.fallback;              ///< server workloads only
    std::int64_t workers = workers_parameter.fallback;
    /// The runtime's own parameters that differ from its defaults, in its order.
    std::vector<std::pair<std::string, std::int64_t>> runtime_settings;

    bool is_server() const { return workload->kind == workload_kind::server; }

    /// What stands in the name, in order.
    std::vector<std::pair<std::string, std::int64_t>> named_parameters() const;

    /// `workload/runtime/param:value/...`: the workload's parameters, connections, depth unless 1,
    /// workers, the runtime's own where they differ from their defaults.
    std::string name() const;

    /// named_parameters() as an object.
    nlohmann::json parameters_json() const;
};

/// The workload with its defaults on `runtime`.
benchmark default_benchmark(const workload_info& workload, const std::string& runtime);

}  // namespace regatta
