#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "harness/record/summary.hpp"

namespace regatta {

/// Trial records (results/FORMAT.md) as Markdown: for each group of rivals (same workload, same
/// parameters) a heading, a table with a row for each runtime, what its trials say of themselves,
/// and a sentence that says who is fastest or that this cannot be told. Last, a line that says how
/// to read the figures, and one on the way between the CPUs where that was not always the same.
/// Throws std::runtime_error where a record lacks what the format promises.
std::string render_table(const std::vector<nlohmann::json>& trials);

/// One group's table and notes; `rivals` share group and mode.
std::string render_group(std::span<const benchmark_summary> rivals);

/// What render_table's last line says, whatever the columns.
extern const char* const table_legend;

/// The same with a word on the columns that only some records have.
std::string legend_of(std::span<const benchmark_summary> summaries);

/// The runs of `summaries` (in the order of summarise_trials) that share group and mode.
std::vector<std::span<const benchmark_summary>> groups_of(
    std::span<const benchmark_summary> summaries);

/// Rivals' ranking sentences, one for each run, named where there are several.
std::vector<std::string> ranking_sentences(std::span<const benchmark_summary> rivals);

/// "closed loop; latency: service time", or "job; latency: one iteration".
std::string conditions_of(const benchmark_summary& summary);

}  // namespace regatta
