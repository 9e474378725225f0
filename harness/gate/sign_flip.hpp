#pragma once

#include <span>

namespace regatta::gate {

/// The sign-flip randomisation test (Fisher, "The Design of Experiments", 1935) of "differences are
/// symmetric about 0" against "they tend above 0": the probability, over all 2^n choices of signs,
/// of a sum at least as high as that of `differences`. Exact, whatever their distribution: where
/// the order within each pair is random and the two programs are equal, each sign is a fair coin.
///
/// What is summed is min(|d|, median |d|) with the sign of d, bounded scores as Huber's ("Robust
/// Estimation of a Location Parameter", 1964): a spike counts no more than a usual difference. The
/// bound depends on |d| alone, so the test stays exact. Scores are rounded to 1/256 of it, and the
/// distribution of their sum is counted out (Pagano and Tritchler 1983).
/// 1 for no differences or none that differs from 0.
double sign_flip_p_above(std::span<const double> differences);

}  // namespace regatta::gate
