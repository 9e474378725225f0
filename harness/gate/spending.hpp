#pragma once

#include <span>
#include <vector>

namespace regatta::gate {

/// The one-sided significance level of each look at growing data, such that all looks together
/// reject a true hypothesis with probability `alpha`. `sizes` are those of the data at the looks,
/// ascending. The error spent by the time n of the last N is alpha (n / N)^1.5 (Kim and DeMets,
/// "Design and analysis of group sequential tests based on the type I error spending rate
/// function", 1987); the levels follow by integrating a Brownian motion over the looks (Armitage,
/// McPherson and Rowe 1969), to about 1 % of each. Throws std::domain_error unless 0 < alpha < 0.5
/// and `sizes` ascend from above 0.
std::vector<double> spend(double alpha, std::span<const std::size_t> sizes);

}  // namespace regatta::gate
