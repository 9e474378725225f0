#pragma once

#include <vector>

#include "harness/plan/benchmark.hpp"

namespace regatta {

/// The steps in which the rate of `arm` changes, in requests a second, over and over again: the
/// user's, or those of its `arrivals`; none for a rate that does not change and for a closed loop.
std::vector<rate_step> steps_of(const benchmark& arm);

/// How the requests are spread where the rate does not change: "poisson" or "constant".
std::string_view spread_of(const benchmark& arm);

/// "poisson", "constant", "bursts" or "steps": the schedule of an open loop as a whole.
std::string_view schedule_of(const benchmark& arm);

/// `seconds`, rounded up to whole periods of `arm`'s rate, so that every part of the pattern weighs
/// the same in its figures.
double whole_periods_s(const benchmark& arm, double seconds);

}  // namespace regatta
