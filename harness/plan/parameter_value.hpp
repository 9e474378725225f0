#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace regatta {

/// Reads `text` as a value of `declared`, which is a `parameter` or a `runtime_parameter`: a whole
/// number in its range, or one of its words. Nothing when it is neither.
template <class Parameter>
std::optional<std::int64_t> parse_value(const Parameter& declared, std::string_view text) {
    if (!std::empty(declared.choices)) {
        const auto at = std::find(declared.choices.begin(), declared.choices.end(), text);
        return at == declared.choices.end() ? std::nullopt
                                            : std::optional(at - declared.choices.begin());
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    return is_number && value >= declared.minimum && value <= declared.maximum
               ? std::optional(value)
               : std::nullopt;
}

/// `value` as it stands in names and on command lines.
template <class Parameter>
std::string value_text(const Parameter& declared, std::int64_t value) {
    return std::empty(declared.choices)
               ? std::to_string(value)
               : std::string(declared.choices[static_cast<std::size_t>(value)]);
}

/// "a whole number from 1 to 1048576 (bytes)" or "one of: inline, offload".
template <class Parameter>
std::string allowed_values(const Parameter& declared) {
    if (!std::empty(declared.choices)) {
        return fmt::format("one of: {}", fmt::join(declared.choices, ", "));
    }
    return fmt::format("a whole number from {} to {}{}", declared.minimum, declared.maximum,
                       declared.unit.empty() ? "" : fmt::format(" ({})", declared.unit));
}

/// The line that refuses `text`.
template <class Parameter>
std::string refusal_of(const Parameter& declared, std::string_view text) {
    return fmt::format("{} = {}: must be {}", declared.name, text, allowed_values(declared));
}

}  // namespace regatta
