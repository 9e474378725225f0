#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/micro/shared/echo_server.hpp"

namespace regatta::generator_cost {

/// What a tool is asked for.
struct load {
    std::int64_t connections = 50;
    std::int64_t seconds = 2;
    std::vector<int> cpus;  ///< where it runs
};

/// What a tool's process used and said.
struct tool_run {
    std::int64_t cpu_ns = 0;         ///< user + system, from its start to its end
    std::vector<std::string> lines;  ///< of its standard output
};

/// How the generators that are not ours are started: one thread, a closed loop, and nothing beside
/// it that they can leave out.
std::vector<std::string> wrk_command(std::uint16_t port, const load& asked);
std::vector<std::string> h2load_command(std::uint16_t port, const load& asked);
/// TCP ping-pong with messages of 64 bytes on one connection, round-trip times printed.
std::vector<std::string> sockperf_command(std::uint16_t port, const load& asked);

/// Runs `command` to its end. Throws trial_failure when it fails or `server` ends before it.
tool_run run_tool(const std::vector<std::string>& command, const load& asked,
                  const speaker& server);

/// Runs our generator with `fields` of a plan (harness/load/README.md) beyond connections, CPUs and
/// time; `result` gets its last line. Throws as run_tool().
tool_run run_regatta_load(const nlohmann::json& fields, const load& asked,
                          const micro::echo_server& server, nlohmann::json& result);

/// The round-trip time in ns that sockperf printed for `percentile` ("50.000"). Throws
/// trial_failure when it printed none.
double sockperf_ns(const std::vector<std::string>& lines, const std::string& percentile);

}  // namespace regatta::generator_cost
