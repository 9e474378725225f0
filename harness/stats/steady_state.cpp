#include "harness/stats/steady_state.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "harness/stats/interval.hpp"
#include "harness/stats/student.hpp"

namespace regatta::stats {
namespace {

constexpr std::size_t batch = 5;
// What a reader of a benchmark cares about, and what chance does not do in 1,000 trials.
constexpr double shift_max = 0.10;
constexpr double drift_max = 0.20;
constexpr double trend_p = 0.001;

/// The means of batches of 5; values that do not fill one are left out.
std::vector<double> batch_means(std::span<const double> series) {
    std::vector<double> means;
    for (std::size_t at = 0; at + batch <= series.size(); at += batch) {
        means.push_back(mean(series.subspan(at, batch)));
    }
    return means;
}

/// The squared standard error of the mean, the variance taken over n.
double mser(std::span<const double> values) {
    const double centre = mean(values);
    double sum = 0;
    for (const double value : values) {
        sum += (value - centre) * (value - centre);
    }
    const auto n = static_cast<double>(values.size());
    return sum / (n * n);
}

}  // namespace

std::optional<std::size_t> mser5_cut(std::span<const double> series) {
    constexpr std::size_t batches_min = 4;
    const std::vector<double> means = batch_means(series);
    if (means.size() < batches_min) {
        return std::nullopt;
    }
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t cut = 0; cut <= means.size() / 2; ++cut) {
        const double error = mser(std::span(means).subspan(cut));
        if (error < least) {
            least = error;
            best = cut;
        }
    }
    return best * batch;
}

std::optional<trend> trend_of(std::span<const double> series) {
    constexpr std::size_t batches_min = 5;
    const std::vector<double> means = batch_means(series);
    if (means.size() < batches_min || !(mean(means) > 0)) {
        return std::nullopt;
    }
    const auto n = static_cast<double>(means.size());
    const double centre = mean(means);
    const double middle = (n - 1) / 2;
    double cross = 0;
    double spread = 0;
    for (std::size_t i = 0; i < means.size(); ++i) {
        const double x = static_cast<double>(i) - middle;
        cross += x * (means[i] - centre);
        spread += x * x;
    }
    const double slope = cross / spread;
    double residual = 0;
    for (std::size_t i = 0; i < means.size(); ++i) {
        const double x = static_cast<double>(i) - middle;
        const double error = means[i] - centre - slope * x;
        residual += error * error;
    }
    const double standard_error = std::sqrt(residual / (n - 2) / spread);
    const double share = slope / centre / static_cast<double>(batch);
    if (standard_error == 0) {
        return trend{share, slope == 0 ? 1.0 : 0.0};
    }
    return trend{share, 2 * student_cdf(-std::abs(slope / standard_error), n - 2)};
}

std::optional<steadiness> steadiness_of(std::span<const double> series) {
    const auto cut = mser5_cut(series);
    if (!cut) {
        return std::nullopt;
    }
    steadiness found;
    found.cut = *cut;
    const double rest = mean(series.subspan(*cut));
    found.cut_shift = rest > 0 ? std::abs(mean(series) - rest) / rest : 0;
    found.has_warmup = *cut != 0 && found.cut_shift > shift_max;
    found.slope = trend_of(series);
    if (found.slope) {
        const double drift = std::abs(found.slope->slope) * static_cast<double>(series.size());
        found.has_trend = drift > drift_max && found.slope->p < trend_p;
    }
    return found;
}

}  // namespace regatta::stats
