#include "harness/gate/power.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "harness/stats/noise.hpp"
#include "harness/stats/trimmed.hpp"

namespace regatta::gate {

pair_noise pair_noise::of_variation(double cv) {
    pair_noise made;
    // A log-normal variable of this coefficient of variation; two trials make a pair.
    made.deviation_ = std::sqrt(2 * std::log1p(cv * cv));
    return made;
}

std::optional<pair_noise> pair_noise::of_differences(std::span<const double> differences) {
    const auto centre = stats::trimmed_mean_of(differences);
    if (!centre || differences.size() < 4) {
        return std::nullopt;
    }
    pair_noise made;
    double squares = 0;
    for (const double each : differences) {
        made.observed_.push_back(each - centre->value);
        squares += made.observed_.back() * made.observed_.back();
    }
    made.deviation_ = std::sqrt(squares / static_cast<double>(differences.size() - 1));
    return made;
}

std::vector<double> pair_noise::draw(std::size_t count, double shift, std::uint64_t seed) const {
    std::mt19937_64 random(seed);
    // Not the standard library's distributions: those differ from one library to the other.
    const auto uniform = [&random] {
        return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
    };
    std::vector<double> drawn;
    for (std::size_t i = 0; i < count; ++i) {
        if (observed_.empty()) {
            const double radius = std::sqrt(-2 * std::log(uniform()));
            drawn.push_back(shift +
                            deviation_ * radius * std::cos(2 * std::numbers::pi * uniform()));
        } else {
            const double size = observed_[random() % observed_.size()];
            drawn.push_back(shift + (random() % 2 == 0 ? size : -size));
        }
    }
    return drawn;
}

power power_of(const rule& levels, const pair_noise& noise, double slowdown, double tolerance,
               int runs) {
    power counted;
    std::vector<std::size_t> pairs;
    const double one = 1.0 / runs;
    for (int run = 0; run < runs; ++run) {
        const auto seed = static_cast<std::uint64_t>(run) * 1'000'003;
        const assessment found =
            assess(levels, noise.draw(looks.back(), std::log1p(slowdown), seed), tolerance);
        pairs.push_back(found.pairs);
        counted.found += found.found == verdict::regressed ? one : 0;
        counted.ok += found.found == verdict::ok || found.found == verdict::improved ? one : 0;
        counted.minor += found.found == verdict::minor ? one : 0;
        counted.inconclusive += found.found == verdict::inconclusive ? one : 0;
    }
    const auto middle = pairs.begin() + runs / 2;
    std::nth_element(pairs.begin(), middle, pairs.end());
    counted.pairs_median = *middle;
    return counted;
}

std::optional<std::size_t> pairs_for_t_test(double deviation, double slowdown) {
    constexpr std::size_t most = 10'000;
    if (stats::detectable_difference(deviation, most) > slowdown) {
        return std::nullopt;
    }
    std::size_t too_few = 1;
    std::size_t enough = most;
    while (enough - too_few > 1) {
        const std::size_t middle = (too_few + enough) / 2;
        (stats::detectable_difference(deviation, middle) > slowdown ? too_few : enough) = middle;
    }
    return enough;
}

}  // namespace regatta::gate
