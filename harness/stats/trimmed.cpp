#include "harness/stats/trimmed.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/stats/student.hpp"

namespace regatta::stats {
namespace {

/// P(T <= (value - bound) / standard_error), also where the standard error is 0.
double lower_p(double value, double bound, double standard_error, double degrees) {
    if (standard_error == 0) {
        return value < bound ? 0 : value > bound ? 1 : 0.5;
    }
    return student_cdf((value - bound) / standard_error, degrees);
}

}  // namespace

double trimmed_mean::p_below(double bound) const {
    return lower_p(value, bound, standard_error, degrees);
}

double trimmed_mean::p_above(double bound) const {
    return lower_p(bound, value, standard_error, degrees);
}

std::optional<trimmed_mean> trimmed_mean_of(std::span<const double> values, double trim) {
    if (!(trim >= 0 && trim < 0.5)) {
        return std::nullopt;
    }
    const std::size_t n = values.size();
    const auto cut = static_cast<std::size_t>(trim * static_cast<double>(n));
    const std::size_t left = n - 2 * cut;
    if (left < 2) {
        return std::nullopt;
    }
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    double sum = 0;
    for (std::size_t i = cut; i < n - cut; ++i) {
        sum += sorted[i];
    }
    // Winsorised: what was cut off is replaced by the nearest value that stays.
    std::fill(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(cut), sorted[cut]);
    std::fill(sorted.end() - static_cast<std::ptrdiff_t>(cut), sorted.end(), sorted[n - cut - 1]);
    double centre = 0;
    for (const double value : sorted) {
        centre += value;
    }
    centre /= static_cast<double>(n);
    double squares = 0;
    for (const double value : sorted) {
        squares += (value - centre) * (value - centre);
    }
    const double deviation = std::sqrt(squares / static_cast<double>(n - 1));
    return trimmed_mean{sum / static_cast<double>(left),
                        deviation / ((1 - 2 * trim) * std::sqrt(static_cast<double>(n))),
                        static_cast<double>(left - 1)};
}

}  // namespace regatta::stats
