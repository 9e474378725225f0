#include "harness/gate/spending.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace regatta::gate {
namespace {

constexpr double spending_exponent = 1.5;
// Of the density of the motion that has crossed no bound yet, from so many standard deviations
// below 0 up to the bound.
constexpr int grid_points = 401;
constexpr double grid_reach = 8;

double upper_tail(double z) {
    return std::erfc(z / std::numbers::sqrt2) / 2;
}

double normal_density(double x, double variance) {
    return std::exp(-x * x / (2 * variance)) / std::sqrt(2 * std::numbers::pi * variance);
}

/// The z with upper_tail(z) = `p`.
double upper_quantile(double p) {
    double low = 0;
    double high = 40;
    for (int i = 0; i < 100; ++i) {
        const double middle = (low + high) / 2;
        (upper_tail(middle) > p ? low : high) = middle;
    }
    return low;
}

/// Values of a density at equally spaced points.
struct sampled_density {
    double first = 0;
    double step = 0;
    std::vector<double> values;

    double at(std::size_t index) const { return first + static_cast<double>(index) * step; }
    /// Weights of the trapezoidal rule.
    double weight(std::size_t index) const {
        return index == 0 || index + 1 == values.size() ? step / 2 : step;
    }
};

sampled_density grid(double time, double bound) {
    sampled_density made;
    made.first = -grid_reach * std::sqrt(time);
    made.step = (bound - made.first) / (grid_points - 1);
    made.values.resize(grid_points);
    return made;
}

/// P of a motion with density `before` to be above `bound` after `passed` more of time.
double crossing(const sampled_density& before, double passed, double bound) {
    double sum = 0;
    for (std::size_t i = 0; i < before.values.size(); ++i) {
        sum += before.weight(i) * before.values[i] *
               upper_tail((bound - before.at(i)) / std::sqrt(passed));
    }
    return sum;
}

sampled_density moved(const sampled_density& before, double passed, double time, double bound) {
    sampled_density after = grid(time, bound);
    for (std::size_t j = 0; j < after.values.size(); ++j) {
        for (std::size_t i = 0; i < before.values.size(); ++i) {
            after.values[j] += before.weight(i) * before.values[i] *
                               normal_density(after.at(j) - before.at(i), passed);
        }
    }
    return after;
}

/// The bound that a motion with density `before` crosses with probability `p`.
double bound_for(const sampled_density& before, double passed, double p) {
    double low = 0;
    double high = 40;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (crossing(before, passed, middle) > p ? low : high) = middle;
    }
    return low;
}

}  // namespace

std::vector<double> spend(double alpha, std::span<const std::size_t> sizes) {
    const bool is_ascending =
        !sizes.empty() && sizes.front() > 0 &&
        std::adjacent_find(sizes.begin(), sizes.end(), std::greater_equal<>()) == sizes.end();
    if (!(alpha > 0 && alpha < 0.5 && is_ascending)) {
        throw std::domain_error("spend: needs 0 < alpha < 0.5 and ascending sizes");
    }
    const auto whole = static_cast<double>(sizes.back());
    std::vector<double> levels;
    sampled_density alive;
    double time = 0;
    double spent = 0;
    for (const std::size_t look : sizes) {
        const double now = static_cast<double>(look) / whole;
        const double due = alpha * std::pow(now, spending_exponent);
        const bool is_first = levels.empty();
        const double bound = is_first ? upper_quantile(due) * std::sqrt(now)
                                      : bound_for(alive, now - time, due - spent);
        levels.push_back(upper_tail(bound / std::sqrt(now)));
        if (look != sizes.back()) {
            if (is_first) {
                alive = grid(now, bound);
                for (std::size_t i = 0; i < alive.values.size(); ++i) {
                    alive.values[i] = normal_density(alive.at(i), now);
                }
            } else {
                alive = moved(alive, now - time, now, bound);
            }
        }
        time = now;
        spent = due;
    }
    return levels;
}

}  // namespace regatta::gate
