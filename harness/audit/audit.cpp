#include "harness/audit/audit.hpp"

#include <cmath>

#include <fmt/format.h>

#include "harness/audit/foreign_program.hpp"
#include "harness/audit/foreign_share.hpp"
#include "harness/audit/scratch_folder.hpp"
#include "harness/audit/server_child.hpp"
#include "harness/measure/histogram_json.hpp"
#include "harness/measure/metrics.hpp"
#include "harness/server/trial.hpp"

namespace regatta::audit {
namespace {

using nlohmann::json;

json blank_record(const audit_arm& arm, const audit_settings& settings) {
    const std::string package = arm.tool->package();
    json record{{"benchmark", name_of(arm, settings)},
                {"tool", arm.tool->name()},
                {"package", package.empty() ? json() : json(package)},
                {"package_version", nullptr},
                {"arrivals", name_of(arm.process)},
                {"server", to_json(arm.model)},
                {"rate_per_s", settings.rate_per_s},
                {"connections", settings.connections},
                {"measured_ns", settings.seconds * 1'000'000'000},
                {"placement", to_json(settings.placed)},
                {"started_at", time_now()},
                {"reasons", json::array()}};
    for (const char* field : {"command", "depth", "latency_kind", "requests", "error_count",
                              "server_requests", "measured", "truth", "latency",
                              "server_late_ns_p50", "server_late_ns_p99", "foreign_cpu_share"}) {
        record[field] = nullptr;
    }
    return record;
}

json truth_of(const audit_arm& arm, double rate_per_s) {
    json truth = json::object();
    for (const auto& [fraction, field] : percentiles) {
        const auto value = true_response_ns(arm.model, arm.process, rate_per_s, fraction);
        if (!value) {
            return nullptr;
        }
        truth[field] = std::llround(*value);
    }
    return truth;
}

json measured_of(const tool_report& report) {
    json measured = json::object();
    for (std::size_t i = 0; i < percentiles.size(); ++i) {
        measured[percentiles[i].field] = json_or_null(report.latency_ns[i]);
    }
    return measured;
}

void measure(const audit_arm& arm, const audit_settings& settings, json& record) {
    const scratch_folder scratch;
    server_child server(arm.model, settings.placed.server_cpus);
    const bool freezes = arm.model.kind == server_kind::freeze;
    const load_request asked{settings.rate_per_s,
                             settings.connections,
                             settings.seconds,
                             settings.seed,
                             freezes ? arm.model.freeze_ns : 0,
                             settings.placed.generator_cpus,
                             scratch.path()};
    const foreign_share_meter neighbours(settings.placed, server.pid());
    const tool_report report =
        arm.tool->run(arm.process, asked, {server.port(), server.pid(), server.voice()});
    record["foreign_cpu_share"] = json_or_null(neighbours.stop());
    const histogram lateness = server.stop();
    record["command"] = report.command;
    record["depth"] = report.depth.value_or(1);
    record["latency_kind"] = report.latency_kind;
    record["requests"] = report.requests;
    record["error_count"] = report.errors;
    record["measured"] = measured_of(report);
    record["latency"] = report.latency ? to_json(*report.latency) : json();
    if (report.requests == 0) {
        throw trial_failure("not one request was answered");
    }
    record["server_requests"] = lateness.count();
    if (!lateness.empty()) {
        record["server_late_ns_p50"] = lateness.value_at(0.5);
        record["server_late_ns_p99"] = lateness.value_at(0.99);
    }
}

}  // namespace

std::string name_of(const audit_arm& arm, const audit_settings& settings) {
    return fmt::format("audit_{}/{}/arrivals:{}/rate_per_s:{:g}/connections:{}",
                       name_of(arm.model.kind), arm.tool->name(), name_of(arm.process),
                       settings.rate_per_s, settings.connections);
}

json run_audit(const audit_arm& arm, const audit_settings& settings) {
    json record = blank_record(arm, settings);
    record["truth"] = truth_of(arm, settings.rate_per_s);
    if (!arm.tool->program()) {
        record["status"] = "absent";
        const std::string package = arm.tool->package();
        record["reasons"].push_back(
            package.empty() ? fmt::format("{} is missing: build it", arm.tool->name())
                            : fmt::format("not installed: apt-get install {}", package));
        return record;
    }
    record["status"] = "ok";
    try {
        if (!arm.tool->package().empty()) {
            record["package_version"] = json_or_null(package_version(arm.tool->package()));
        }
        measure(arm, settings, record);
    } catch (const trial_failure& reason) {
        record["reasons"].push_back(reason.what());
    } catch (const json::exception& error) {
        record["reasons"].push_back(fmt::format("a line has another form: {}", error.what()));
    }
    if (!record["reasons"].empty()) {
        record["status"] = "failed";
        record["measured"] = record["latency"] = nullptr;
    }
    return record;
}

}  // namespace regatta::audit
