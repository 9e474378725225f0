#pragma once

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <system_error>

#include "runtimes/main/catalog.hpp"
#include "runtimes/main/control.hpp"
#include "runtimes/main/job.hpp"
#include "runtimes/main/lines.hpp"
#include "runtimes/main/serve.hpp"

namespace regatta {

/// What the runtime has not of what others have, and what this machine cannot do of what its
/// parameters offer: "NAME: reason" each.
template <runtime Runtime>
std::vector<std::string> lacks() {
    std::vector<std::string> all;
    if constexpr (requires { Runtime::lacks(); }) {
        all = Runtime::unavailable() ? std::vector<std::string>() : Runtime::lacks();
    }
    if (!full_runtime<Runtime>) {
        all.push_back("connect, task_group, with_deadline, channel, semaphore, offload: " +
                      std::string(Runtime::about().why_not_full));
    }
    return all;
}

/// The `describe` object of `Runtime`.
template <runtime Runtime>
nlohmann::json describe() {
    const runtime_info info = Runtime::about();
    const std::optional<std::string> obstacle = Runtime::unavailable();
    const std::optional<std::string> no_lag = loop_lag_obstacle(info);
    nlohmann::json workloads = nlohmann::json::object();
    for (const catalog_entry<Runtime>& each : catalog<Runtime>()) {
        workloads[std::string(each.name)] = {
            {"kind", each.kind == workload_kind::server ? "server" : "job"},
            {"supported", each.is_supported()},
            {"reason", each.is_supported()
                           ? nlohmann::json(nullptr)
                           : nlohmann::json("it needs verbs that this runtime lacks: " +
                                            std::string(info.why_not_full))}};
    }
    return {{"contract", contract_version},
            {"name", std::string(info.name)},
            {"model", std::string(info.model)},
            {"engine", std::string(info.engine)},
            {"description", std::string(info.description)},
            {"available", !obstacle.has_value()},
            {"reason", obstacle ? nlohmann::json(*obstacle) : nlohmann::json(nullptr)},
            {"reference_only", info.is_reference_only},
            {"versions", versions_json(info)},
            {"parameters", parameters_json(info.parameters)},
            {"lacks", lacks<Runtime>()},
            {"injects", true},
            {"unix_sockets", true},
            {"loop_lag",
             {{"supported", !no_lag},
              {"reason", no_lag ? nlohmann::json(*no_lag) : nlohmann::json(nullptr)}}},
            {"workloads", std::move(workloads)}};
}

/// The workload that the command line names. Throws contract_error where there is none, where the
/// runtime does not support it, or where the verb is not its own.
template <runtime Runtime>
const catalog_entry<Runtime>& workload_of(const arguments& given) {
    const catalog_entry<Runtime>* const found = find_in_catalog<Runtime>(given.workload);
    if (found == nullptr) {
        std::vector<std::string_view> known;
        for (const catalog_entry<Runtime>& each : catalog<Runtime>()) {
            known.push_back(each.name);
        }
        throw contract_error(contract_error::usage,
                             fmt::format("unknown workload '{}'; there are: {}", given.workload,
                                         fmt::join(known, ", ")));
    }
    if (!found->is_supported()) {
        throw contract_error(contract_error::usage,
                             "this runtime does not support the workload " + given.workload);
    }
    const bool is_server = found->kind == workload_kind::server;
    if (is_server != (given.action == arguments::verb::serve)) {
        throw contract_error(
            contract_error::usage,
            fmt::format("{} is a {}: use the verb {}", given.workload,
                        is_server ? "server workload" : "job", is_server ? "serve" : "job"));
    }
    return *found;
}

/// Carries out one command line; what goes wrong is thrown.
template <runtime Runtime>
void run_program(int argc, char** argv) {
    const arguments given = parse_arguments(argc, argv);
    if (given.action == arguments::verb::describe) {
        print_line(describe<Runtime>());
        return;
    }
    if (const auto obstacle = Runtime::unavailable()) {
        throw contract_error(contract_error::machine, *obstacle);
    }
    // A job that is timed ends by the signal itself.
    if (given.action == arguments::verb::serve || given.is_held) {
        block_stop_signals();
    }
    raise_descriptor_limit();
    if (given.injection) {
        start_injecting(*given.injection);
    }
    const catalog_entry<Runtime>& workload = workload_of<Runtime>(given);
    if (workload.kind == workload_kind::server) {
        serve(workload, given);
    } else {
        run_job(workload, given);
    }
}

/// main() of a C++ runtime's program: runtimes/CONTRACT.md.
template <runtime Runtime>
int program(int argc, char** argv) {
    try {
        run_program<Runtime>(argc, argv);
        return 0;
    } catch (const contract_error& failure) {
        print_line({{"event", "error"}, {"reason", failure.what()}, {"hint", failure.hint}});
        return failure.exit_status;
    } catch (const std::exception& failure) {
        print_line({{"event", "error"}, {"reason", failure.what()}, {"hint", ""}});
        return contract_error::other;
    }
}

}  // namespace regatta
