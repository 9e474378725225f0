#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/distributed/transport.hpp"
#include "harness/server/child_process.hpp"

namespace regatta::distributed {

/// The words after the program's name.
struct program_options {
    unsigned ranks = 0;               ///< on this machine; 0: not said
    std::filesystem::path shards;     ///< folder for the ranks' own files; empty: none are written
    std::filesystem::path generator;  ///< the program that each rank starts: regatta-load
};

/// Throws load::failure (usage) for others than --ranks N and --shards FOLDER.
program_options read_options(const std::vector<std::string>& words);

/// Prints the event `error` and gives its exit status.
int say_error(int exit_status, const std::string& reason, const std::string& hint);

/// Runs this rank of a load to its end and gives the exit status. Rank 0 speaks the dialogue of
/// harness/load/README.md on its standard streams, errors included.
int run_coordinator(transport& others, const std::filesystem::path& shards);
int run_loader(transport& others, child_process& generator);

/// `regatta-load --ranks N`: the ranks are processes of this machine.
int run_local(const program_options& options);

}  // namespace regatta::distributed
