#pragma once

#include <nlohmann/json.hpp>

#include "harness/micro/frame_overhead/cpu_time.hpp"

namespace regatta::overhead {

/// What the shared source may cost in CPU time beyond hand-written code (harness/METHODOLOGY.md).
inline constexpr double cpu_time_ratio_max = 1.02;

/// The workload echo on a runtime against a control that does the same by hand.
struct comparison {
    std::string runtime;  ///< "thread"
    std::string control;  ///< "blocking_echo"
    /// User instructions per request that the shared source may cost more.
    double extra_instructions_max;

    std::optional<double> control_instructions;
    std::optional<double> shared_instructions;
    std::vector<std::pair<double, double>> cpu_ns_pairs;  ///< control, shared source

    std::optional<double> extra_instructions() const;
    bool is_above_instruction_limit() const;
};

/// For people: a Markdown table with a row for each comparison.
std::string table(const std::vector<comparison>& comparisons);

/// The field `comparisons` of the record `micro` (results/FORMAT.md).
nlohmann::json to_json(const std::vector<comparison>& comparisons);

}  // namespace regatta::overhead
