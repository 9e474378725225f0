#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/gate/rule.hpp"

namespace regatta::gate {

/// How pairs of equal programs differ: what a simulation draws from.
class pair_noise {
public:
    /// Normal, for trials that are log-normal with this coefficient of variation.
    static pair_noise of_variation(double cv);
    /// As observed: the differences of pairs, less their trimmed mean, with either sign as likely.
    /// Nothing for fewer than 4.
    static std::optional<pair_noise> of_differences(std::span<const double> differences);

    /// The standard deviation of a difference.
    double deviation() const { return deviation_; }
    /// `count` differences drawn at random, with `shift` added; the same for the same seed.
    std::vector<double> draw(std::size_t count, double shift, std::uint64_t seed) const;

private:
    double deviation_ = 0;
    std::vector<double> observed_;  ///< empty: normal
};

/// What the gate does with a head that is slower by some share.
struct power {
    double found = 0;  ///< share of runs: REGRESSED
    double ok = 0;
    double minor = 0;
    double inconclusive = 0;
    std::size_t pairs_median = 0;  ///< until the verdict
};

/// By simulating `runs` runs of one cell among those of `levels`.
power power_of(const rule& levels, const pair_noise& noise, double slowdown, double tolerance,
               int runs);

/// The fewest pairs with which a two-sided paired t test at 5 %, of a number of pairs fixed
/// beforehand, finds a difference of `slowdown` in 80 % of cases; nothing above 10,000.
std::optional<std::size_t> pairs_for_t_test(double deviation, double slowdown);

}  // namespace regatta::gate
