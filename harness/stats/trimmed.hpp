#pragma once

#include <optional>
#include <span>

namespace regatta::stats {

/// The mean of what is left when the smallest and the largest `trim` of the values are taken off,
/// with what Yuen's t test needs (Yuen 1974; Wilcox, "Introduction to Robust Estimation", 4.3).
struct trimmed_mean {
    double value;
    double standard_error;  ///< from the winsorised variance
    double degrees;         ///< degrees of freedom: values left minus 1

    /// Yuen's one-sample t: P of a statistic at least this low where the true trimmed mean is
    /// `bound`. A small one says "the mean is below `bound`".
    double p_below(double bound) const;
    /// The same for "the mean is above `bound`".
    double p_above(double bound) const;
};

/// Nothing where fewer than 2 values are left, or `trim` is not in 0 .. 0.5.
std::optional<trimmed_mean> trimmed_mean_of(std::span<const double> values, double trim = 0.2);

}  // namespace regatta::stats
