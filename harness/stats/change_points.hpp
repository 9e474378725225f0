#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace regatta::stats {

/// Where a series of figures began to have another level.
struct change_point {
    std::size_t at;  ///< index of the first value of the new level
    double ratio;    ///< median after / median before, each up to the next change or the end
    double p;        ///< of a difference as large as this one anywhere, if order meant nothing
};

/// A series that does not change is said to with at most this probability.
inline constexpr double change_level = 0.005;
/// The fewest values that make a level.
inline constexpr std::size_t level_length_min = 3;

/// The change points of `values`, in order of time: E-divisive (Matteson and James, "A
/// Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data", JASA 109, 2014)
/// on the logarithms with exponent 1. The split with the largest energy distance between its sides
/// is tested against 999 random orders of the values within the levels found so far; then the next,
/// until one is not significant at `change_level`. Seeds are fixed: the same values give the same
/// points. It assumes that values of one level could have come in any order: a slow drift is
/// reported as steps. Nothing where a value is not above 0.
std::vector<change_point> change_points(std::span<const double> values);

}  // namespace regatta::stats
