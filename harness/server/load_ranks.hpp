#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta {

/// A load that several generators share, and where it comes from and goes to.
struct load_ranks {
    std::int64_t count = 0;  ///< generators that load; 0: one, without a coordinator
    std::vector<std::string>
        launcher;                  ///< mpirun and its options; empty: processes of this machine
    bool are_all_here = true;      ///< every host that the launcher starts is this machine
    std::filesystem::path shards;  ///< folder for the ranks' own files; empty: none are kept
    std::string label;             ///< of this trial, in their names; empty: a number
    std::string server_address = "127.0.0.1";   ///< where the server listens
    std::vector<std::string> source_addresses;  ///< harness/load/README.md; empty: any

    /// The generators have hosts of their own: this machine's CPUs are the server's.
    bool are_elsewhere() const { return !are_all_here; }
    /// They are started by a launcher, which takes its time.
    bool are_launched() const { return !launcher.empty(); }
};

/// The command that starts the load on all ranks; `generator` is the program of one. A launcher is
/// told to end whatever is left after `longest`.
std::vector<std::string> ranks_command(const load_ranks& ranks,
                                       const std::filesystem::path& generator,
                                       std::chrono::seconds longest);

/// Puts the table of `ranks` of a result into the record, with its warnings; that some did not
/// report is a reason. Nothing where one generator loaded.
void fill_ranks(const nlohmann::json& result, nlohmann::json& record);

/// The largest share of their own CPUs that ranks on hosts of their own used; nothing where they
/// are on this one.
std::optional<double> busiest_rank_share(const nlohmann::json& result);

}  // namespace regatta
