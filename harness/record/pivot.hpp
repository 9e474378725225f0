#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/record/summary.hpp"

namespace regatta {

/// One metric, laid out along two dimensions.
struct pivot_layout {
    std::string metric = "throughput_per_s";
    std::string rows = "runtime";
    std::string columns = "connections";
    std::string baseline;  ///< a row or a column to whose figures the others are set in ratio; or
                           ///< empty
};

/// What rows and columns can be: "runtime", "benchmark" (workload and parameters), "workload",
/// "mode", "run", then the names of all parameters.
std::vector<std::string> pivot_dimensions(std::span<const benchmark_summary> summaries);

/// The values that occur along `dimension`, in order; the candidates for a baseline.
std::vector<std::string> pivot_values(std::span<const benchmark_summary> summaries,
                                      const pivot_layout& layout, const std::string& dimension);

/// The metric as Markdown tables, one for each combination of what is neither row nor column; no
/// figure is ever averaged over a dimension. Cells: median (95 % interval), or with a baseline the
/// ratio over paired rounds (95 % interval), `~` where it cannot be told apart. "-" is not run.
/// The names in `layout` must be among those that the functions above give.
std::string render_pivot(std::span<const benchmark_summary> summaries, const pivot_layout& layout);

}  // namespace regatta
