#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace regatta::gate {

/// What is concluded of one metric of one benchmark.
enum class verdict {
    ok,            ///< shown not to be slower by the tolerance
    regressed,     ///< shown to be slower, and by the tolerance or more
    minor,         ///< shown to be slower, by less than the tolerance
    improved,      ///< shown to be faster, and by the tolerance or more
    identical,     ///< the two programs are the same file: nothing to measure
    inconclusive,  ///< none of these could be shown
};

/// "OK", "REGRESSED", "MINOR", "IMPROVED", "IDENTICAL", "INCONCLUSIVE".
std::string_view name_of(verdict found);

/// The numbers of valid pairs at which data are looked at, and at how many of the last of these
/// looks a regression can be found: with fewer pairs 2^-n is above its level.
inline constexpr std::array<std::size_t, 6> looks{6, 9, 13, 20, 30, 45};
inline constexpr std::size_t strict_looks = 3;

/// The chance that a change slower by exactly the tolerance passes as OK, for each cell.
inline constexpr double ok_error = 0.05;
/// The chance that any cell of a run without change is called REGRESSED, at most.
inline constexpr double family_error = 0.01;

/// The levels of a run with so many cells (benchmarks x metrics; 1 or more), look by look.
class rule {
public:
    explicit rule(std::size_t cells);

    std::size_t cells() const { return cells_; }
    /// One-sided, of "slower by the tolerance or more".
    double ok_level(std::size_t look) const { return ok_levels_[look]; }
    /// One-sided, of "no difference"; nothing at looks that are too early for it.
    std::optional<double> strict_level(std::size_t look) const;

private:
    std::size_t cells_;
    std::vector<double> ok_levels_;
    std::vector<double> strict_levels_;
};

/// What the pairs of one cell say at a look.
struct assessment {
    verdict found = verdict::inconclusive;
    bool is_final = false;  ///< more pairs would not be looked at
    std::size_t pairs = 0;  ///< that it rests on: a number of `looks`, or 0 before the first
    double ratio = 1;       ///< head / base, by the 20 % trimmed mean; above 1: slower
    double ratio_low = 0;   ///< repeated confidence interval (Jennison and Turnbull 1989):
    double ratio_high = 0;  ///< each end is missed by 5 % over all looks together
    std::optional<double> p_slower;  ///< of the sign-flip test, where it was asked
    std::optional<double> p_faster;
};

/// Judges the differences ln(head / base) of pairs, signed so that above 0 is slower, in the order
/// in which they came: at each look that they reach, until one is final. `tolerance` is a share:
/// 0.05 is 5 %. Before the first look: inconclusive, with 0 pairs.
assessment assess(const rule& levels, std::span<const double> differences, double tolerance);

}  // namespace regatta::gate
