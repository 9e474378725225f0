#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/stats/interval.hpp"

/// Numbers and names as tables and reports print them.
namespace regatta::format {

/// What stands where there is no figure.
inline constexpr std::string_view absent = "n/a";

/// How a metric is printed: its unit and how many of its own units make one of that.
struct unit {
    std::string_view name;  ///< "us", "MiB", "/s", or "" for a plain number
    double divisor;
};

/// The unit follows from the metric's name, since units stand in it (results/FORMAT.md):
/// nanoseconds are printed as microseconds, bytes as MiB.
unit unit_of(std::string_view metric);

/// Whether more of it is better: so for rates, for nothing else.
bool more_is_better(std::string_view metric);

/// With thousands separated by commas, "12,345.6".
std::string number(double value, int decimals);

/// Decimals that show at least three digits of `value`: 12,345 and 123 and 12.3 and 1.23 and 0.123.
int decimals_for(double value);

/// `value`, a figure of `metric` in its own unit, in the unit printed.
std::string quantity(std::optional<double> value, std::string_view metric);

/// "120,100-126,900": the ends of an interval with as many decimals as `beside`, the figure that
/// stands beside it, has; "120,100-126,900*" where it was found by bootstrap.
std::string range(const std::optional<stats::interval>& range, double beside,
                  std::string_view metric);

/// "1.12 (1.08-1.16)"; with three decimals where two would round an end to 1.
std::string ratio(double value, const std::optional<stats::interval>& range);

/// "a", "a and b", "a, b and c".
std::string listing(const std::vector<std::string>& words);

/// Order for people: runs of digits compare as numbers, so 50 comes before 500.
bool natural_less(std::string_view a, std::string_view b);

/// Order of runtimes, the same in every table and figure (plots/regatta_plots/style.py): the
/// project's own by model and engine, then all others by name.
bool runtime_less(std::string_view a, std::string_view b);

}  // namespace regatta::format
