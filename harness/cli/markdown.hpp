#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace regatta::cli {

/// `rows` as an aligned Markdown table; the first row is the header. All rows are equally long.
/// Widths count bytes, which the tables here keep equal to characters.
inline std::string markdown_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows.front().size(), 3);
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        text += "|";
        for (std::size_t i = 0; i < widths.size(); ++i) {
            text += fmt::format(" {:<{}} |", rows[r][i], widths[i]);
        }
        text += "\n";
        if (r == 0) {
            text += "|";
            for (const std::size_t width : widths) {
                text += std::string(width + 2, '-') + "|";
            }
            text += "\n";
        }
    }
    return text;
}

/// Names with a reason each, those with the same reason together: "echo, http" and the reason, in
/// the order of each reason's first name.
inline std::vector<std::pair<std::string, std::string>> by_reason(
    const std::vector<std::pair<std::string, std::string>>& all) {
    std::vector<std::pair<std::string, std::string>> grouped;
    for (const auto& [name, reason] : all) {
        const auto same =
            std::find_if(grouped.begin(), grouped.end(),
                         [&reason = reason](const auto& group) { return group.second == reason; });
        if (same == grouped.end()) {
            grouped.emplace_back(name, reason);
        } else {
            same->first += ", " + name;
        }
    }
    return grouped;
}

/// `text` fit for a cell: no bar and no line break.
inline std::string cell(std::string text) {
    std::replace(text.begin(), text.end(), '|', '/');
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

}  // namespace regatta::cli
