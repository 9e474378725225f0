#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

#include "harness/micro/shared/echo_trial.hpp"

namespace regatta::against_native {

using micro::echo_figures;
using micro::echo_load;

/// What a runtime may lose against the hand-written server on the same library.
inline constexpr double throughput_ratio_min = 0.97;
inline constexpr double cpu_time_ratio_max = 1.03;

/// A runtime and its control under one load.
struct comparison {
    std::string runtime;  ///< "uring"
    std::string control;  ///< "uring_echo"
    std::int64_t size_bytes;
    std::int64_t connections;

    std::vector<echo_figures> of_control;  ///< a trial of each in each round
    std::vector<echo_figures> of_runtime;
    std::string reason;  ///< why there are no further rounds, or ""
};

/// For people: a Markdown table with a row for each comparison, and a line for each reason.
std::string table(const std::vector<comparison>& comparisons);

/// The field `ratios` of the record `micro` (results/FORMAT.md).
nlohmann::json to_json(const std::vector<comparison>& comparisons);

/// Reads what to_json() wrote. Throws nlohmann::json::exception for missing or mistyped fields.
std::vector<comparison> comparisons_from_json(const nlohmann::json& list);

}  // namespace regatta::against_native
