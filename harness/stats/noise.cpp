#include "harness/stats/noise.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/stats/chi_square.hpp"
#include "harness/stats/interval.hpp"
#include "harness/stats/student.hpp"

namespace regatta::stats {
namespace {

constexpr std::size_t values_min = 4;
constexpr double normal_quantile_975 = 1.959963984540054;

double cv_of(double log_variance) {
    return std::sqrt(std::expm1(log_variance));
}

std::size_t outliers_in(const std::vector<double>& logs) {
    constexpr double deviations = 4;
    constexpr double deviation_of_median_distance = 1.4826;  // of normal values
    const double centre = *median(logs);
    std::vector<double> distances;
    distances.reserve(logs.size());
    for (const double each : logs) {
        distances.push_back(std::abs(each - centre));
    }
    const double reach = deviations * deviation_of_median_distance * *median(distances);
    return static_cast<std::size_t>(std::count_if(distances.begin(), distances.end(),
                                                  [reach](double each) { return each > reach; }));
}

}  // namespace

std::optional<noise_floor> noise_of(std::span<const double> values) {
    std::vector<double> logs;
    logs.reserve(values.size());
    double sum = 0;
    for (const double value : values) {
        if (!(value > 0 && std::isfinite(value))) {
            return std::nullopt;
        }
        logs.push_back(std::log(value));
        sum += logs.back();
    }
    if (logs.size() < values_min) {
        return std::nullopt;
    }
    const auto n = static_cast<double>(logs.size());
    double squares = 0;
    double products = 0;
    for (std::size_t i = 0; i < logs.size(); ++i) {
        const double distance = logs[i] - sum / n;
        squares += distance * distance;
        products += i == 0 ? 0 : distance * (logs[i - 1] - sum / n);
    }
    noise_floor found{};
    found.trials = logs.size();
    found.median = *median(values);
    found.cv = cv_of(squares / (n - 1));
    found.cv_low = cv_of(squares / chi_square_quantile((1 + confidence) / 2, n - 1));
    found.cv_high = cv_of(squares / chi_square_quantile((1 - confidence) / 2, n - 1));
    found.outliers = outliers_in(logs);
    found.autocorrelation = squares > 0 ? products / squares : 0;
    found.is_correlated =
        squares > 0 && std::abs(found.autocorrelation + 1 / n) > normal_quantile_975 / std::sqrt(n);
    return found;
}

std::optional<double> pair_deviation(std::span<const std::pair<double, double>> pairs) {
    if (pairs.size() < 2) {
        return std::nullopt;
    }
    double squares = 0;
    for (const auto& [a, b] : pairs) {
        if (!(a > 0 && b > 0)) {
            return std::nullopt;
        }
        squares += std::log(b / a) * std::log(b / a);
    }
    return std::sqrt(squares / static_cast<double>(pairs.size()));
}

double detectable_difference(double deviation, std::size_t pairs) {
    constexpr double level = 0.05;
    constexpr double power = 0.8;
    const auto n = static_cast<double>(pairs);
    const double reach = student_quantile(1 - level / 2, n - 1) + student_quantile(power, n - 1);
    return std::expm1(reach * deviation / std::sqrt(n));
}

}  // namespace regatta::stats
