#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace regatta {

/// The parts of `text` between the separators, one more than there are of these: an empty part
/// stays, and an empty text is one empty part.
inline std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts{""};
    for (const char c : text) {
        if (c == separator) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

}  // namespace regatta
