#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace regatta {

/// A Markdown table (GitHub's dialect) whose columns are aligned in plain text too.
class markdown_table {
public:
    enum class align { left, right };
    struct column {
        std::string title;
        align side = align::right;
    };

    explicit markdown_table(std::vector<column> columns) : columns_(std::move(columns)) {}

    /// One cell per column; missing ones are empty. `|`, backslash and line breaks are escaped.
    void add(std::vector<std::string> cells);

    /// Takes out the columns in which no row has anything.
    void drop_empty_columns();

    /// Header, rule and rows, each with a line end.
    std::string text() const;

private:
    std::vector<column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// `text` for a table's cell: on one line, with nothing that ends the cell.
std::string escape_cell(std::string_view text);

}  // namespace regatta
