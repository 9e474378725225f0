#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtimes/runtime.hpp"
#include "workloads/support/injection_spec.hpp"

namespace regatta {

/// A failure that the program tells the harness about: one `error` line and this exit status.
struct contract_error : std::runtime_error {
    enum status { other = 1, usage = 2, machine = 3 };
    contract_error(status code, const std::string& what, std::string advice = "")
        : std::runtime_error(what), exit_status(code), hint(std::move(advice)) {}
    status exit_status;
    std::string hint;
};

/// The command line of a runtime's program, as runtimes/CONTRACT.md gives it.
struct arguments {
    enum class verb { describe, serve, job } action = verb::describe;
    std::string workload;
    std::int64_t workers = 1;
    std::string listen_address = "127.0.0.1";
    std::uint16_t listen_port = 0;
    std::string listen_name;  ///< of an abstract Unix socket; empty: TCP
    std::int64_t rounds_per_us = 1;
    std::uint16_t backend_port = 0;  ///< on 127.0.0.1; 0: none given
    double min_time_s = 0.5;
    bool is_held = false;          ///< a job: one iteration, held where all its tasks wait
    std::int64_t loop_lag_ms = 0;  ///< how often the loops' lag is probed; 0: not
    std::optional<injection_spec> injection;
    std::vector<std::pair<std::string, std::string>> settings;  ///< from --set NAME=VALUE
    std::vector<std::string> benchmark_flags;                   ///< what stood after --
};

/// Throws contract_error with status usage.
arguments parse_arguments(int argc, char** argv);

/// A name and a value as text, checked against the declarations: gives the value (for a parameter
/// with choices, the word's index). Throws contract_error that names the parameter, its range and
/// its unit.
std::int64_t parse_value(const parameter& declared, std::string_view text);

/// Splits `settings` between the parameters of a workload and those of the runtime; what is not
/// given takes its fallback. Throws contract_error for a name that neither declares.
void apply_settings(const std::vector<std::pair<std::string, std::string>>& settings,
                    std::span<const parameter> of_workload, params& values,
                    std::span<const parameter> of_runtime, runtime_settings& configuration);

}  // namespace regatta
