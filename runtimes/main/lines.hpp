#pragma once

#include <nlohmann/json.hpp>

#include <string>

#include "runtimes/main/arguments.hpp"

/// The JSON lines that a runtime's program prints (runtimes/CONTRACT.md).
namespace regatta {

inline constexpr int contract_version = 1;

/// Prints one line and flushes it. A reader that has gone is not an error: standard input tells.
void print_line(const nlohmann::json& object);

nlohmann::json parameters_json(std::span<const parameter> declared);

/// What a program really runs with.
struct effective_configuration {
    std::string runtime;
    std::string workload;
    std::int64_t workers;
    std::string listen;  ///< "address:port", empty for a job
    std::span<const parameter> of_workload;
    const params& values;
    std::span<const parameter> of_runtime;
    runtime_settings configuration;
    std::optional<injection_spec> injection = std::nullopt;

    nlohmann::json to_json() const;
};

/// Compiler, and what the runtime names itself.
nlohmann::json versions_json(const runtime_info& info);

}  // namespace regatta
