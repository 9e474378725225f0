#pragma once

#include <nlohmann/json.hpp>

#include "harness/audit/tool.hpp"
#include "harness/plan/placement.hpp"

namespace regatta::audit {

/// One tool, one arrival process, one server.
struct audit_arm {
    const load_tool* tool;
    arrival_process process;
    server_model model;
};

/// What all audits of a run have in common.
struct audit_settings {
    double rate_per_s;
    std::int64_t connections;
    std::int64_t seconds;
    std::uint64_t seed;
    placement placed;
};

/// The name of an audit among benchmarks: "audit_freeze/wrk/arrivals:closed/rate_per_s:2000/...".
std::string name_of(const audit_arm& arm, const audit_settings& settings);

/// Runs `arm` against a fresh server. Gives the fields of the `audit` record (results/FORMAT.md),
/// all but `audit`; a tool that is absent or fails is a result. No process is left. Throws only
/// `interrupted`, and `failure` when the server's program is missing.
nlohmann::json run_audit(const audit_arm& arm, const audit_settings& settings);

}  // namespace regatta::audit
