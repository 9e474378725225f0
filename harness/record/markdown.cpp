#include "harness/record/markdown.hpp"

#include <algorithm>

namespace regatta {
namespace {

/// Characters, not bytes: UTF-8's continuation bytes take no room.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

std::string padded(std::string_view text, std::size_t width, markdown_table::align side) {
    const std::string space(width - std::min(width, width_of(text)), ' ');
    return side == markdown_table::align::left ? std::string(text) + space
                                               : space + std::string(text);
}

}  // namespace

void markdown_table::add(std::vector<std::string> cells) {
    cells.resize(columns_.size());
    for (std::string& cell : cells) {
        cell = escape_cell(cell);
    }
    rows_.push_back(std::move(cells));
}

void markdown_table::drop_empty_columns() {
    for (std::size_t i = columns_.size(); i-- > 0;) {
        const auto is_empty = [i](const auto& row) { return row[i].empty(); };
        if (std::all_of(rows_.begin(), rows_.end(), is_empty)) {
            const auto at = static_cast<std::ptrdiff_t>(i);
            columns_.erase(columns_.begin() + at);
            for (auto& row : rows_) {
                row.erase(row.begin() + at);
            }
        }
    }
}

std::string markdown_table::text() const {
    std::string header = "|";
    std::string rule = "|";
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = std::max<std::size_t>(width_of(columns_[i].title), 2);
        for (const auto& row : rows_) {
            width = std::max(width, width_of(row[i]));
        }
        widths.push_back(width);
        const bool is_left = columns_[i].side == align::left;
        header += " " + padded(columns_[i].title, width, columns_[i].side) + " |";
        rule += (is_left ? " :" : " ") + std::string(width - 1, '-') + (is_left ? " |" : ": |");
    }
    std::string result = header + "\n" + rule + "\n";
    for (const auto& row : rows_) {
        result += "|";
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            result += " " + padded(row[i], widths[i], columns_[i].side) + " |";
        }
        result += "\n";
    }
    return result;
}

std::string escape_cell(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '|' || c == '\\') {
            result += '\\';
        }
        result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return result;
}

}  // namespace regatta
