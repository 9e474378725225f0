#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "harness/stats/interval.hpp"

namespace regatta::stats {

/// A straight line through points by least squares, with what is known of its slope.
struct line_fit {
    double intercept;
    double slope;
    double slope_low;  ///< interval of the slope, Student's t with n - 2 degrees of freedom
    double slope_high;
    std::size_t points;
};

/// The line that minimises the squares of the distances in y; its slope's interval takes the
/// distances as independent and equally spread (Draper and Smith, "Applied Regression Analysis",
/// 1.4). Nothing for fewer than 3 points or where all have the same x.
std::optional<line_fit> fit_line(std::span<const std::pair<double, double>> points,
                                 double level = confidence);

}  // namespace regatta::stats
