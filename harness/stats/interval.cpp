#include "harness/stats/interval.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "harness/stats/student.hpp"

namespace regatta::stats {
namespace {

std::vector<double> logarithms(std::span<const double> values) {
    std::vector<double> result;
    result.reserve(values.size());
    for (const double value : values) {
        result.push_back(std::log(value));
    }
    return result;
}

bool all_positive(std::span<const double> values) {
    return std::all_of(values.begin(), values.end(),
                       [](double value) { return value > 0 && std::isfinite(value); });
}

double median_of_sorted(std::span<const double> sorted) {
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/// Output number `index` (from 0) of SplitMix64 (Steele, Lea, Flood 2014) for `seed`.
std::uint64_t splitmix64(std::uint64_t seed, std::uint64_t index) {
    std::uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

}  // namespace

std::string_view name_of(interval_method method) {
    return method == interval_method::log_t ? "t on the logarithm" : "bootstrap";
}

double mean(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> median(std::span<const double> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    return median_of_sorted(sorted);
}

std::optional<double> geometric_mean(std::span<const double> values) {
    if (values.empty() || !all_positive(values)) {
        return std::nullopt;
    }
    return std::exp(mean(logarithms(values)));
}

std::optional<interval> log_t_interval(std::span<const double> values, double level) {
    if (values.size() < 2 || !all_positive(values)) {
        return std::nullopt;
    }
    const std::vector<double> logs = logarithms(values);
    const double centre = mean(logs);
    double squares = 0;
    for (const double value : logs) {
        squares += (value - centre) * (value - centre);
    }
    const auto n = static_cast<double>(logs.size());
    const double standard_error = std::sqrt(squares / (n - 1) / n);
    const double reach = student_quantile((1 + level) / 2, n - 1) * standard_error;
    return interval{std::exp(centre - reach), std::exp(centre + reach), interval_method::log_t};
}

std::optional<interval> bootstrap_interval(std::span<const double> values, double level) {
    constexpr std::size_t values_min = 6;
    constexpr std::size_t resamples = 9'999;
    constexpr std::uint64_t seed = 0x5eed;
    const std::size_t n = values.size();
    if (n < values_min) {
        return std::nullopt;
    }
    std::vector<double> medians;
    medians.reserve(resamples);
    std::vector<double> drawn(n);
    for (std::size_t resample = 0; resample < resamples; ++resample) {
        for (std::size_t i = 0; i < n; ++i) {
            // The upper half of the word, scaled to 0 .. n-1 without a division.
            drawn[i] = values[((splitmix64(seed, resample * n + i) >> 32) * n) >> 32];
        }
        std::sort(drawn.begin(), drawn.end());
        medians.push_back(median_of_sorted(drawn));
    }
    std::sort(medians.begin(), medians.end());
    const auto rank =
        static_cast<std::size_t>(std::lround((resamples + 1) * (1 - level) / 2));  // from 1
    return interval{medians[rank - 1], medians[resamples - rank], interval_method::bootstrap};
}

estimate summarise(std::span<const double> values) {
    estimate result{values.size(), median(values), log_t_interval(values)};
    // Values that are all equal have an interval of no width; rounding in exp(log(x)) must not put
    // the median outside.
    if (result.range && *result.median >= result.range->low * (1 - 1e-12) &&
        *result.median <= result.range->high * (1 + 1e-12)) {
        return result;
    }
    result.range = bootstrap_interval(values);
    return result;
}

}  // namespace regatta::stats
