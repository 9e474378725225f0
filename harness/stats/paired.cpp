#include "harness/stats/paired.hpp"

#include <vector>

namespace regatta::stats {

std::optional<paired_ratio> ratio_of_rounds(std::span<const std::pair<double, double>> rounds) {
    std::vector<double> ratios;
    ratios.reserve(rounds.size());
    for (const auto& [a, b] : rounds) {
        if (!(a > 0 && b > 0)) {
            return std::nullopt;
        }
        ratios.push_back(a / b);
    }
    const auto centre = geometric_mean(ratios);
    if (!centre) {
        return std::nullopt;
    }
    return paired_ratio{*centre, log_t_interval(ratios), ratios.size()};
}

bool can_be_told_apart(const std::optional<paired_ratio>& ratio, const estimate& a,
                       const estimate& b) {
    return ratio && ratio->range && a.range && b.range && !ratio->range->contains(1) &&
           !a.range->overlaps(*b.range);
}

}  // namespace regatta::stats
