#pragma once

#include <vector>

#include "harness/load/result.hpp"

namespace regatta::distributed {

/// The results of several ranks of one load as one: counters and histograms are added, which is
/// exact, and every percentile is that of all replies. An interval is kept where every rank has it.
/// `parts` is not empty, and their windows began at the same time.
load::load_result merge(const std::vector<load::load_result>& parts);

}  // namespace regatta::distributed
