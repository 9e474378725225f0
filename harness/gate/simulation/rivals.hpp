#pragma once

#include <span>

#include "harness/gate/simulation/noise.hpp"

/// Rules that others use, on the same simulated machines: all base trials first, then all head
/// trials, as their users run them.
namespace regatta::gate::simulation {

/// The two-sided p of the Mann-Whitney U test (1947), exact for values without ties; by counting
/// out the distribution of U.
double mann_whitney_p(std::span<const double> a, std::span<const double> b);

/// Google Benchmark's compare.py with the 9 repetitions that it asks for: p < 5 %, and the mean
/// slower.
bool is_slower_by_compare_py(machine& on, double slowdown);
/// Go's benchstat with the 10 runs that it asks for: p < 5 %, and the median slower.
bool is_slower_by_benchstat(machine& on, double slowdown);
/// One run each, slower by 10 %.
bool is_slower_by_one_run(machine& on, double slowdown);

}  // namespace regatta::gate::simulation
