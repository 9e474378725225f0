#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "harness/plan/benchmark.hpp"
#include "harness/server/load_ranks.hpp"

namespace regatta {
struct connection_demand;
}

/// Where the load comes from: options of every verb that runs trials.
namespace regatta::cli {

struct load_origin {
    std::int64_t ranks = 0;
    std::string hosts;
    std::string shards;
    std::string server_address;
    std::string source_addresses;  ///< as given: with commas
};

void declare(CLI::App& command, load_origin& origin);

/// What the options mean. Throws `failure` for options that exclude each other, for a hosts file
/// that is none, and, saying what to install, where Open MPI is missing.
load_ranks resolve(const load_origin& origin, const std::filesystem::path& generator);

/// What so many connections ask of this machine. Throws as resolve(), but needs no Open MPI.
connection_demand demand_of(const load_origin& origin, std::uint64_t connections);

/// Raises the limit of open files, for this program and those that it starts, as far as `arms` need
/// and the system allows; what it does not is a row's reason later.
void allow_open_files(const std::vector<benchmark>& arms);

/// Throws `failure` when the load of some of `arms` cannot come about: its hosts would not reach
/// the server, or it has more connections than local ports; then with the arithmetic.
void refuse_impossible_loads(const std::vector<benchmark>& arms, const load_origin& origin,
                             const load_ranks& ranks);

}  // namespace regatta::cli
