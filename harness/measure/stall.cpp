#include "harness/measure/stall.hpp"

#include <fmt/format.h>

namespace regatta {
namespace {

constexpr double stall_ns_min = 2e8;
constexpr double quick_replies_min = 3;
constexpr double missing_min = 20;

}  // namespace

std::optional<stall> find_stall(const nlohmann::json& intervals, const stall_evidence& evidence) {
    stall longest{0, 0, 0};
    double replies = 0;
    double silent_since_ns = -1;
    const auto end_silence = [&](double now_ns) {
        if (silent_since_ns >= 0 && now_ns - silent_since_ns > longest.length_ns) {
            longest = {silent_since_ns, now_ns - silent_since_ns, 0};
        }
        silent_since_ns = -1;
    };
    for (const nlohmann::json& each : intervals) {
        const auto start_ns = each.at("start_ns").get<double>();
        const auto count = each.at("replies").get<double>();
        replies += count;
        if (count != 0) {
            end_silence(start_ns);
        } else if (silent_since_ns < 0) {
            silent_since_ns = start_ns;
        }
    }
    end_silence(evidence.window_ns);
    const double rest_ns = evidence.window_ns - longest.length_ns;
    if (longest.length_ns < stall_ns_min || rest_ns <= 0 ||
        longest.length_ns < quick_replies_min * evidence.quick_reply_ns) {
        return std::nullopt;
    }
    longest.expected = evidence.due
                           ? evidence.due(longest.begin_ns, longest.begin_ns + longest.length_ns)
                           : replies / rest_ns * longest.length_ns;
    return longest.expected < missing_min ? std::nullopt : std::optional(longest);
}

nlohmann::json to_json(const std::optional<stall>& found) {
    if (!found) {
        return nullptr;
    }
    return {{"begin_ns", static_cast<std::int64_t>(found->begin_ns)},
            {"length_ns", static_cast<std::int64_t>(found->length_ns)},
            {"expected_replies", static_cast<std::int64_t>(found->expected)}};
}

std::string sentence_of(const stall& found) {
    return fmt::format(
        "stalled: no reply came for {:.2f} s, from {:.2f} s into the window on, and some {:.0f} "
        "would have",
        found.length_ns / 1e9, found.begin_ns / 1e9, found.expected);
}

}  // namespace regatta
