#pragma once

#include <optional>
#include <span>
#include <vector>

#include "harness/stats/interval.hpp"

namespace regatta::stats {

/// How many times the old figure the new one is, from trials that have nothing in common but the
/// program: whatever the machine did between the two is in it.
struct unpaired_ratio {
    double value;                   ///< geometric mean of the new / geometric mean of the old
    std::optional<interval> range;  ///< nothing where a side has a single trial
    std::optional<double> p;        ///< two-sided, of "they are equal"; as above
};

/// Welch's t on the logarithms, with the degrees of freedom of Welch and Satterthwaite (Welch
/// 1947). Nothing where a side has no value, or one that is not above 0.
std::optional<unpaired_ratio> ratio_of_groups(std::span<const double> olds,
                                              std::span<const double> news);

/// The p values of several tests, adjusted so that an error anywhere among those below a bound is
/// no likelier than that bound (Holm 1979). In the same order; at most 1.
std::vector<double> holm_adjusted(std::span<const double> p);

}  // namespace regatta::stats
