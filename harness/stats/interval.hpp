#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace regatta::stats {

/// How an interval was found.
enum class interval_method { log_t, bootstrap };

/// "t on the logarithm", "bootstrap".
std::string_view name_of(interval_method method);

/// A confidence interval, in the unit of the values.
struct interval {
    double low;
    double high;
    interval_method method;

    bool contains(double value) const { return low <= value && value <= high; }
    bool overlaps(const interval& other) const { return low <= other.high && other.low <= high; }
};

/// What several trials say of one metric: the median over trials, and its interval where there is
/// one.
struct estimate {
    std::size_t trials = 0;
    std::optional<double> median;
    std::optional<interval> range;
};

/// The level of every interval that the project reports.
inline constexpr double confidence = 0.95;

/// The arithmetic mean of at least one value.
double mean(std::span<const double> values);

/// The middle value, or the mean of the two middle ones; nothing for no values.
std::optional<double> median(std::span<const double> values);

/// The mean on the logarithmic scale; nothing where a value is not above 0 or there are none.
std::optional<double> geometric_mean(std::span<const double> values);

/// Student's t on the logarithms, carried back: exact for log-normal values, where it covers the
/// geometric mean, which is the median. Nothing for fewer than 2 values or one that is not above 0.
std::optional<interval> log_t_interval(std::span<const double> values, double level = confidence);

/// The percentile bootstrap of the median (Efron 1979): 9,999 resamples drawn by SplitMix64 from a
/// fixed seed, so the same values give the same interval everywhere. Nothing for fewer than 6
/// values: with 5, even the whole range covers the median in only 93.75 % of cases.
std::optional<interval> bootstrap_interval(std::span<const double> values,
                                           double level = confidence);

/// Median and interval over trials. The interval is log_t_interval; where that cannot be (a value
/// of 0 or below) or does not hold the median (logarithms far from symmetric), it is
/// bootstrap_interval, and where that cannot be either there is none.
estimate summarise(std::span<const double> values);

}  // namespace regatta::stats
