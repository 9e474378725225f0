#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/micro/generator_cost/tool.hpp"
#include "harness/plan/placement.hpp"

namespace regatta::generator_cost {

/// One generator's values, one for each round.
struct series {
    std::string tool;
    bool parses =
        false;  ///< ours, of replies that it must parse as they are not byte by byte alike
    std::string package;  ///< Debian's; empty for our own
    bool is_installed = true;
    std::vector<double> cpu_ns_per_op;  ///< of the generator
    std::vector<double> server_cpu_ns_per_op;
    std::vector<double> requests_per_s;
    std::vector<double> latency_ns_p50;  ///< of one connection
    std::vector<double> latency_ns_p99;
};

struct options {
    std::string runtime = "epoll";  ///< whose `http` is loaded
    load asked;
    std::size_t rounds = 10;
    std::uint64_t seed = 1;  ///< of the order within the rounds
};

struct outcome {
    std::vector<series> cost;     ///< on `http`; ours first
    std::vector<series> latency;  ///< one connection, on a server that all understand; ours first
    /// What we add ourselves: our generator on `echo` of the same runtime, one connection.
    std::vector<double> idle_latency_ns_p50;
    std::vector<double> idle_latency_ns_p99;
    std::vector<double> lag_ns_p50;  ///< of an open loop at 1,000 requests a second
    std::vector<double> lag_ns_p99;
    std::vector<std::optional<double>> cache_line_ns;  ///< before each round
};

/// Runs the rounds: in each, every generator that is installed once, in random order, against a
/// fresh server. Throws trial_failure, `failure` or `interrupted`.
outcome run_rounds(const options& given, const placement& placed);

}  // namespace regatta::generator_cost
