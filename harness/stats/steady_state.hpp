#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace regatta::stats {

/// How many values to cut off the beginning of `series`, by MSER-5 (White, Cobb and Spratt 2000):
/// over means of 5 values, the cut that makes the squared standard error of the mean of the rest
/// least. At most half of the batches are cut; a whole multiple of 5. Nothing for fewer than 4
/// batches.
std::optional<std::size_t> mser5_cut(std::span<const double> series);

/// A trend: the least-squares slope over equally spaced values.
struct trend {
    double slope;  ///< per value, as a share of the mean
    double p;      ///< two-sided: probability of one so steep where there is none
};

/// Of the means of batches of 5, which are less dependent on each other than the values are, with
/// Student's t. Nothing for fewer than 5 batches, or a mean that is not above 0.
std::optional<trend> trend_of(std::span<const double> series);

/// Whether a series is in a steady state, as a whole and as far as it can tell.
struct steadiness {
    std::size_t cut = 0;   ///< by MSER-5; values that look like warm-up
    double cut_shift = 0;  ///< what leaving them in does to the mean, as a share of it
    std::optional<trend> slope;
    bool has_warmup = false;  ///< the cut shifts the mean by more than 10 %
    bool has_trend = false;   ///< of more than 20 % from end to end, and p below 0.1 %
    bool is_steady() const { return !has_warmup && !has_trend; }
};

/// Nothing for fewer than 20 values.
std::optional<steadiness> steadiness_of(std::span<const double> series);

}  // namespace regatta::stats
