#include "harness/stats/change_points.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>

#include "harness/stats/interval.hpp"

namespace regatta::stats {
namespace {

constexpr int orders = 999;

struct split {
    std::size_t at = 0;
    double distance = -1;  ///< the statistic Q of the paper; below 0: there is no split
};

/// Sums of distances between the values of a level, so that each is found in one step.
class distance_sums {
public:
    explicit distance_sums(std::span<const double> values)
        : width_(values.size() + 1), sums_(width_ * width_, 0.0) {
        for (std::size_t i = 1; i < width_; ++i) {
            double row = 0;
            for (std::size_t j = 1; j < width_; ++j) {
                row += std::abs(values[i - 1] - values[j - 1]);
                sums_[i * width_ + j] = sums_[(i - 1) * width_ + j] + row;
            }
        }
    }

    /// Between each of [a, b) and each of [c, d).
    double between(std::size_t a, std::size_t b, std::size_t c, std::size_t d) const {
        return at(b, d) - at(a, d) - at(b, c) + at(a, c);
    }
    /// The mean over the pairs of [a, b).
    double mean_within(std::size_t a, std::size_t b) const {
        const auto n = static_cast<double>(b - a);
        return between(a, b, a, b) / (n * (n - 1));
    }

private:
    double at(std::size_t i, std::size_t j) const { return sums_[i * width_ + j]; }

    std::size_t width_;
    std::vector<double> sums_;  // over all pairs of values before row and column
};

/// The split of one level with the largest distance, `at` counted from its begin. The right side
/// may end before the level does: else a level that comes back would hide what was between.
split best_split(std::span<const double> values) {
    split best;
    const std::size_t n = values.size();
    if (n < 2 * level_length_min) {
        return best;
    }
    const distance_sums sums(values);
    for (std::size_t at = level_length_min; at + level_length_min <= n; ++at) {
        const double left = sums.mean_within(0, at);
        for (std::size_t end = at + level_length_min; end <= n; ++end) {
            const auto a = static_cast<double>(at);
            const auto b = static_cast<double>(end - at);
            const double energy =
                2 * sums.between(0, at, at, end) / (a * b) - left - sums.mean_within(at, end);
            const double distance = a * b / (a + b) * energy;
            if (distance > best.distance) {
                best = {at, distance};
            }
        }
    }
    return best;
}

/// The best of all levels, which begin at `begins` and end at the next one's begin; `at` counted
/// from the first value.
split best_split(std::span<const double> values, const std::vector<std::size_t>& begins) {
    split best;
    for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
        const split own = best_split(values.subspan(begins[i], begins[i + 1] - begins[i]));
        if (own.distance > best.distance) {
            best = {begins[i] + own.at, own.distance};
        }
    }
    return best;
}

/// A whole number below `bound`, the same on every system.
std::size_t below(std::size_t bound, std::mt19937_64& random) {
    return static_cast<std::size_t>(((random() >> 32) * bound) >> 32);
}

void shuffle_levels(std::vector<double>& values, const std::vector<std::size_t>& begins,
                    std::mt19937_64& random) {
    for (std::size_t level = 0; level + 1 < begins.size(); ++level) {
        for (std::size_t i = begins[level + 1] - begins[level]; i > 1; --i) {
            std::swap(values[begins[level] + i - 1], values[begins[level] + below(i, random)]);
        }
    }
}

/// The p value of a split as distant as `found`; nothing as soon as it is above `change_level`.
std::optional<double> p_of(const split& found, std::vector<double> values,
                           const std::vector<std::size_t>& begins, std::mt19937_64& random) {
    int as_distant = 1;  // the order that was found
    for (int i = 0; i < orders; ++i) {
        shuffle_levels(values, begins, random);
        as_distant += best_split(values, begins).distance >= found.distance;
        if (as_distant > change_level * (orders + 1)) {
            return std::nullopt;
        }
    }
    return static_cast<double>(as_distant) / (orders + 1);
}

}  // namespace

std::vector<change_point> change_points(std::span<const double> values) {
    std::vector<double> logs;
    for (const double value : values) {
        if (!(value > 0) || !std::isfinite(value)) {
            return {};
        }
        logs.push_back(std::log(value));
    }
    std::mt19937_64 random(1);
    std::vector<std::size_t> begins{0, values.size()};
    std::vector<change_point> found;
    for (;;) {
        const split next = best_split(logs, begins);
        const auto p = next.distance > 0 ? p_of(next, logs, begins, random) : std::nullopt;
        if (!p) {
            break;
        }
        begins.insert(std::upper_bound(begins.begin(), begins.end(), next.at), next.at);
        found.push_back({next.at, 1, *p});
    }
    std::sort(found.begin(), found.end(),
              [](const change_point& a, const change_point& b) { return a.at < b.at; });
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto level = [&](std::size_t number) {
            return median(values.subspan(begins[number], begins[number + 1] - begins[number]))
                .value();
        };
        found[i].ratio = level(i + 1) / level(i);
    }
    return found;
}

}  // namespace regatta::stats
