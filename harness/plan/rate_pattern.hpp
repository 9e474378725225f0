#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace regatta {

/// A part of a pattern: for so long, at this rate of requests; 0 is silence.
struct rate_step {
    std::chrono::milliseconds duration;
    double rate_per_s;
};

/// A rate of an open loop's requests that changes as the user says, over and over again.
struct rate_pattern {
    std::string parameter;  ///< that gives it: "steps" or "bursts"
    std::string text;       ///< its value in names: "2s@1000,2s@5000", "100@50ms"
    std::vector<rate_step> steps;
};

inline constexpr std::string_view steps_parameter = "steps";
inline constexpr std::string_view bursts_parameter = "bursts";

bool is_pattern_parameter(std::string_view name);

/// Reads the value of one of the two parameters. Steps: "2s@1000,500ms@5000", each a duration of
/// whole milliseconds and requests a second, the same again when they are over. Bursts: "100@50ms",
/// 100 requests within the first millisecond of every 50. Nothing for any other text.
std::optional<rate_pattern> parse_pattern(std::string_view parameter, std::string_view text);

/// The line that refuses `text`.
std::string refusal_of_pattern(std::string_view parameter, std::string_view text);

/// How long the steps take together, in seconds.
double period_s(const std::vector<rate_step>& steps);
/// Requests a second over a whole period; 0 for no steps.
double mean_rate_per_s(const std::vector<rate_step>& steps);
/// How many requests are due in the first `seconds`, the steps beginning at 0.
double requests_due(const std::vector<rate_step>& steps, double seconds);

/// The same pattern, begun so that after `lead` its first step begins.
std::vector<rate_step> begun_before(const std::vector<rate_step>& steps,
                                    std::chrono::milliseconds lead);

}  // namespace regatta
