#include "harness/stats/unpaired.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/stats/student.hpp"

namespace regatta::stats {
namespace {

/// Of the logarithms: their mean, and the square of its standard error where there is one.
struct log_mean {
    double value = 0;
    std::optional<double> squared_error;
    double degrees = 0;
};

std::optional<log_mean> log_mean_of(std::span<const double> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    const auto n = static_cast<double>(values.size());
    log_mean result;
    for (const double value : values) {
        if (!(value > 0) || !std::isfinite(value)) {
            return std::nullopt;
        }
        result.value += std::log(value) / n;
    }
    if (values.size() > 1) {
        double squares = 0;
        for (const double value : values) {
            squares += std::pow(std::log(value) - result.value, 2);
        }
        result.degrees = n - 1;
        result.squared_error = squares / result.degrees / n;
    }
    return result;
}

}  // namespace

std::optional<unpaired_ratio> ratio_of_groups(std::span<const double> olds,
                                              std::span<const double> news) {
    const auto before = log_mean_of(olds);
    const auto after = log_mean_of(news);
    if (!before || !after) {
        return std::nullopt;
    }
    const double difference = after->value - before->value;
    unpaired_ratio result{std::exp(difference), std::nullopt, std::nullopt};
    if (!before->squared_error || !after->squared_error) {
        return result;
    }
    const double a = *before->squared_error;
    const double b = *after->squared_error;
    const double squared_error = a + b;
    // Trials of exactly equal figures, like a size in memory: there is no chance in them.
    if (squared_error == 0) {
        result.range = interval{result.value, result.value, interval_method::log_t};
        result.p = difference == 0 ? 1 : 0;
        return result;
    }
    const double error = std::sqrt(squared_error);
    const double degrees =
        squared_error * squared_error / (a * a / before->degrees + b * b / after->degrees);
    const double reach = student_quantile((1 + confidence) / 2, degrees) * error;
    result.range = interval{std::exp(difference - reach), std::exp(difference + reach),
                            interval_method::log_t};
    result.p = 2 * student_cdf(-std::abs(difference) / error, degrees);
    return result;
}

std::vector<double> holm_adjusted(std::span<const double> p) {
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
    std::vector<double> adjusted(p.size());
    double largest = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        largest = std::max(largest, static_cast<double>(p.size() - i) * p[order[i]]);
        adjusted[order[i]] = std::min(largest, 1.0);
    }
    return adjusted;
}

}  // namespace regatta::stats
