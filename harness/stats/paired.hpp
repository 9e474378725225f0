#pragma once

#include <optional>
#include <span>
#include <utility>

#include "harness/stats/interval.hpp"

namespace regatta::stats {

/// How many times `b` is `a`, from rounds in which both ran.
struct paired_ratio {
    double value;                   ///< geometric mean of the rounds' ratios a / b
    std::optional<interval> range;  ///< nothing for a single round
    std::size_t rounds;
};

/// The ratio of two benchmarks compared round by round: t on the logarithm of the rounds' ratios,
/// so that what both trials of a round share (the state of the machine) cancels. Nothing where
/// there are no rounds or a value is not above 0.
std::optional<paired_ratio> ratio_of_rounds(std::span<const std::pair<double, double>> rounds);

/// Whether `a` and `b` can be told apart: the interval of their paired ratio leaves out 1 and their
/// own intervals do not overlap. What has no interval cannot be told apart from anything.
bool can_be_told_apart(const std::optional<paired_ratio>& ratio, const estimate& a,
                       const estimate& b);

}  // namespace regatta::stats
