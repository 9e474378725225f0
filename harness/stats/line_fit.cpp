#include "harness/stats/line_fit.hpp"

#include <cmath>

#include "harness/stats/student.hpp"

namespace regatta::stats {

std::optional<line_fit> fit_line(std::span<const std::pair<double, double>> points, double level) {
    constexpr std::size_t points_min = 3;
    if (points.size() < points_min) {
        return std::nullopt;
    }
    const auto n = static_cast<double>(points.size());
    double x_mean = 0;
    double y_mean = 0;
    for (const auto& [x, y] : points) {
        x_mean += x / n;
        y_mean += y / n;
    }
    double spread = 0;
    double cross = 0;
    for (const auto& [x, y] : points) {
        spread += (x - x_mean) * (x - x_mean);
        cross += (x - x_mean) * (y - y_mean);
    }
    if (!(spread > 0)) {
        return std::nullopt;
    }
    const double slope = cross / spread;
    const double intercept = y_mean - slope * x_mean;
    double residual = 0;
    for (const auto& [x, y] : points) {
        residual += (y - intercept - slope * x) * (y - intercept - slope * x);
    }
    const double standard_error = std::sqrt(residual / (n - 2) / spread);
    const double reach = student_quantile((1 + level) / 2, n - 2) * standard_error;
    return line_fit{intercept, slope, slope - reach, slope + reach, points.size()};
}

}  // namespace regatta::stats
