#pragma once

#include <optional>
#include <span>
#include <utility>

namespace regatta::stats {

/// How much trials of the same program differ, of one metric.
struct noise_floor {
    std::size_t trials;
    double median;
    /// The coefficient of variation (standard deviation / mean) of log-normal values, sqrt(exp(s^2)
    /// - 1) with s the standard deviation of the logarithms; and its 95 % interval, by the
    /// chi-square distribution of s^2. That is exact for independent log-normal values; where
    /// trials are spiky it is too narrow, which `outliers` shows.
    double cv;
    double cv_low;
    double cv_high;
    /// Values further from the median than 4 standard deviations, these estimated from the median
    /// of the distances (1.4826 of it, on the logarithm), which outliers do not move.
    std::size_t outliers;
    /// Lag-1 autocorrelation of the logarithms: how much a trial resembles the one before it.
    double autocorrelation;
    /// Whether that is more than chance: further than 1.96 / sqrt(n) from the -1 / n that
    /// independent trials have (Box, Jenkins, Reinsel, "Time Series Analysis", 2.1.6).
    bool is_correlated;
};

/// The values of trials in their order. Nothing for fewer than 4 or one that is not above 0.
std::optional<noise_floor> noise_of(std::span<const double> values);

/// The standard deviation of ln(b / a) over A/A pairs, whose mean is known to be 0. Nothing for
/// fewer than 2 pairs or a value not above 0.
std::optional<double> pair_deviation(std::span<const std::pair<double, double>> pairs);

/// The smallest difference, as a share, that a paired two-sided t test at 5 % on the logarithms
/// finds in 80 % of comparisons of so many pairs (2 or more), when pairs of equal programs deviate
/// by `deviation`: exp((t(0.975) + t(0.8)) deviation / sqrt(pairs)) - 1, t with pairs - 1 degrees
/// of freedom.
double detectable_difference(double deviation, std::size_t pairs);

}  // namespace regatta::stats
