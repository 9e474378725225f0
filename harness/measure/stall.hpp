#pragma once

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace regatta {

/// A span of the window in which no reply came although many were due.
struct stall {
    double begin_ns;   ///< after the window's begin, to the width of an interval
    double length_ns;  ///< at least: whole intervals
    double expected;   ///< replies, had all gone on as in the rest of the window
};

/// What is needed to tell a stall from a pause that belongs to the load.
struct stall_evidence {
    double window_ns = 0;
    /// What a quick reply takes: replies that come in bunches leave pauses of about that length.
    double quick_reply_ns = 0;
    /// Requests due between two times after the window's begin, where a schedule says so.
    std::function<double(double begin_ns, double end_ns)> due;
};

/// The longest span of `intervals` (results/FORMAT.md) without a reply, when it is a stall: 200 ms
/// or more, three times as long as a quick reply takes, and 20 replies or more missing, which
/// chance does not do (exp(-20)). Nothing else.
std::optional<stall> find_stall(const nlohmann::json& intervals, const stall_evidence& evidence);

nlohmann::json to_json(const std::optional<stall>& found);

/// The warning that a trial gets.
std::string sentence_of(const stall& found);

}  // namespace regatta
