#include "harness/gate/rule.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "harness/gate/sign_flip.hpp"
#include "harness/gate/spending.hpp"
#include "harness/stats/student.hpp"
#include "harness/stats/trimmed.hpp"

namespace regatta::gate {
namespace {

/// Fills in what the sign-flip tests say at a look where they are asked.
void find_change(assessment& result, std::span<const double> seen, double mean, double bound,
                 double level) {
    if (mean > 0) {
        result.p_slower = sign_flip_p_above(seen);
        if (*result.p_slower <= level) {
            result.found = mean >= bound ? verdict::regressed : verdict::minor;
        }
    } else if (mean <= -bound) {
        std::vector<double> mirrored(seen.begin(), seen.end());
        std::transform(mirrored.begin(), mirrored.end(), mirrored.begin(), std::negate<>());
        result.p_faster = sign_flip_p_above(mirrored);
        if (*result.p_faster <= level) {
            result.found = verdict::improved;
        }
    }
}

assessment look_at(const rule& levels, std::size_t look, std::span<const double> seen, double bound,
                   bool was_ok) {
    const stats::trimmed_mean mean = stats::trimmed_mean_of(seen).value();
    const double level = levels.ok_level(look);
    const double reach = -stats::student_quantile(level, mean.degrees) * mean.standard_error;
    assessment result;
    result.pairs = seen.size();
    result.ratio = std::exp(mean.value);
    result.ratio_low = std::exp(mean.value - reach);
    result.ratio_high = std::exp(mean.value + reach);
    const bool is_ok = was_ok || mean.p_below(bound) <= level;
    const auto strict = levels.strict_level(look);
    if (strict && (!is_ok || mean.value <= -bound)) {
        find_change(result, seen, mean.value, bound, *strict);
    }
    if (is_ok && result.found != verdict::improved) {
        result.found = verdict::ok;
    }
    // What is OK and looks faster by the tolerance is measured on until that can be shown too; what
    // is slower by less may yet turn out to be slower by more.
    result.is_final = result.found == verdict::improved || result.found == verdict::regressed ||
                      (is_ok && mean.value > -bound) || look + 1 == looks.size();
    return result;
}

}  // namespace

std::string_view name_of(verdict found) {
    constexpr std::array<std::string_view, 6> names{"OK",       "REGRESSED", "MINOR",
                                                    "IMPROVED", "IDENTICAL", "INCONCLUSIVE"};
    return names[static_cast<std::size_t>(found)];
}

rule::rule(std::size_t cells)
    : cells_(std::max<std::size_t>(cells, 1)),
      ok_levels_(spend(ok_error, looks)),
      strict_levels_(
          spend(family_error / static_cast<double>(cells_), std::span(looks).last(strict_looks))) {}

std::optional<double> rule::strict_level(std::size_t look) const {
    const std::size_t first = looks.size() - strict_looks;
    return look < first ? std::nullopt : std::optional(strict_levels_[look - first]);
}

assessment assess(const rule& levels, std::span<const double> differences, double tolerance) {
    assessment result;
    for (std::size_t look = 0; look < looks.size() && looks[look] <= differences.size(); ++look) {
        result = look_at(levels, look, differences.first(looks[look]), std::log1p(tolerance),
                         result.found == verdict::ok);
        if (result.is_final) {
            break;
        }
    }
    return result;
}

}  // namespace regatta::gate
