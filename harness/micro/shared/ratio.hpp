#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "harness/stats/interval.hpp"

namespace regatta::micro {

/// second / first over pairs of trials.
struct ratio {
    double value;  ///< 20 % trimmed mean of the logarithms, carried back: one disturbed pair does
                   ///< not move it
    stats::interval range;
};

/// Yuen's t on the trimmed logarithms; nothing for fewer than 4 pairs.
std::optional<ratio> ratio_of(const std::vector<std::pair<double, double>>& pairs);

}  // namespace regatta::micro
