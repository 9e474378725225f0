#pragma once

#include <string>
#include <vector>

#include "harness/gate/report.hpp"

/// Parts that several outputs have in common.
namespace regatta::gate {

/// "head": what a side is called in a sentence: its name in git or its folder.
std::string side_words(const report& told, const std::string& side);

/// The cells, worst first: regressed, minor, inconclusive, improved, OK, identical.
std::vector<nlohmann::json> worst_first(std::vector<nlohmann::json> cells);

/// Whether a reader should look at the cell: not OK and not identical.
bool is_news(const nlohmann::json& cell);

/// A Markdown table of cells, a row each.
std::string cells_table(const std::vector<nlohmann::json>& cells);

/// Markdown list items on what is not in the table: benchmarks on one side only, failures, why
/// cells are inconclusive, what the budget cut off. Empty when there is nothing.
std::string remarks(const report& told);

/// What the terminal shows: all cells, the remarks, and the verdict as the last line.
std::string render_terminal(const report& told);

}  // namespace regatta::gate
