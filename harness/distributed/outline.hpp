#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace regatta::distributed {

/// What rank 0 itself needs of a plan, and what it leaves out of the ranks' own.
struct load_outline {
    nlohmann::json plan;  ///< for the ranks: without what is of rank 0's machine
    std::string label;    ///< of the shards; "load" unless the plan has one
    std::uint64_t connect_ns = 0;
    std::uint64_t warmup_ns = 0;
    std::uint64_t measure_ns = 0;
    std::uint64_t drain_ns = 0;
    std::optional<pid_t> server_pid;  ///< on rank 0's machine, which alone can read its CPU time
};

/// Reads a plan, which must be one as for a single generator. Throws load::failure.
load_outline read_outline(const std::string& line);

}  // namespace regatta::distributed
