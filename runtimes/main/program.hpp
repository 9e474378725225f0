#pragma once

#include <system_error>

#include "runtimes/main/control.hpp"
#include "runtimes/main/job.hpp"
#include "runtimes/main/lines.hpp"
#include "runtimes/main/registry.hpp"
#include "runtimes/main/serve.hpp"

namespace regatta {

/// The `describe` object of `Runtime`.
template <runtime Runtime>
nlohmann::json describe() {
    const runtime_info info = Runtime::about();
    const std::optional<std::string> obstacle = Runtime::unavailable();
    nlohmann::json workloads = nlohmann::json::object();
    for_each_workload(all_workloads{}, [&]<class Workload>() {
        const bool is_supported = supports<Workload, Runtime>;
        workloads[std::string(Workload::name)] = {
            {"kind", Workload::kind == workload_kind::server ? "server" : "job"},
            {"supported", is_supported},
            {"reason", is_supported ? nlohmann::json(nullptr)
                                    : nlohmann::json("it needs a verb that this runtime lacks")}};
    });
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
            {"workloads", std::move(workloads)}};
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
    block_stop_signals();
    raise_descriptor_limit();
    with_workload(given.workload, [&]<class Workload>() {
        if constexpr (!supports<Workload, Runtime>) {
            throw contract_error(contract_error::usage,
                                 "this runtime does not support the workload " + given.workload);
        } else if constexpr (Workload::kind == workload_kind::server) {
            require_verb(given, arguments::verb::serve);
            serve<Workload, Runtime>(given);
        } else {
            require_verb(given, arguments::verb::job);
            run_job<Workload, Runtime>(given);
        }
    });
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
