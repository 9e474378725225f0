#pragma once

#include <cstddef>
#include <utility>

namespace regatta::stats {

/// The exact 95 % interval of a share of which `found` of `trials` (1 or more) independent trials
/// are a sample (Clopper and Pearson 1934): each end is missed in 2.5 % of cases at most.
std::pair<double, double> share_interval(std::size_t found, std::size_t trials);

}  // namespace regatta::stats
