#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta {

/// What a results file of `regatta run` has, and what its plan still lacks.
struct unfinished_run {
    nlohmann::json head;  ///< the record `run`
    std::vector<std::string> argv;
    std::string directory;  ///< where relative paths of `argv` start; empty where it is not known
    std::string run_id;
    std::uint64_t rounds = 0;
    std::uint64_t seed = 0;
    std::int64_t rounds_per_us = 0;
    std::vector<nlohmann::json> trials;
    bool is_complete = false;       ///< it ended by itself
    nlohmann::json interrupted_at;  ///< null when it did not come to say so
    std::uintmax_t kept_bytes = 0;  ///< up to the last whole line that is no `end`
    /// How many rounds of a benchmark have come to their final trial; none: no entry.
    std::map<std::string, std::uint64_t> rounds_done;
};

/// Reads `file`; a last line that was cut is no part of it. Throws `failure` when it cannot be
/// read, is no results file, or is not that of one `regatta run`.
unfinished_run read_unfinished_run(const std::filesystem::path& file);

/// Whether `trial` was due to be repeated, as the machine was unsteady.
bool is_repeated(const nlohmann::json& trial);

/// Why no trial may be added to a run that began with the record `before`, by a run that would
/// begin with `now`: the name of what has changed in between. Nothing when plan, programs and
/// machine are the same.
std::optional<std::string> obstacle_to_resuming(const nlohmann::json& before,
                                                const nlohmann::json& now);

}  // namespace regatta
