#include "harness/stats/student.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace regatta::stats {
namespace {

/// The fraction of DLMF 8.17.22 by the modified method of Lentz; quick for x < (a + 1) / (a + b +
/// 2).
double beta_fraction(double a, double b, double x) {
    constexpr double tiny = std::numeric_limits<double>::min() / 1e-16;
    constexpr int terms_max = 10'000;
    const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
    double c = 1;
    double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
    double result = d;
    for (int m = 1; m <= terms_max; ++m) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        result *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        const double step = d * c;
        result *= step;
        if (std::abs(step - 1) < 1e-15) {
            break;
        }
    }
    return result;
}

/// P(T > t) for t >= 0.
double upper_tail(double t, double degrees) {
    return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
    if (x <= 0) {
        return 0;
    }
    if (x >= 1) {
        return 1;
    }
    const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                  a * std::log(x) + b * std::log1p(-x));
    if (x < (a + 1) / (a + b + 2)) {
        return front * beta_fraction(a, b, x) / a;
    }
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_cdf(double t, double degrees) {
    return t < 0 ? upper_tail(-t, degrees) : 1 - upper_tail(t, degrees);
}

double student_quantile(double p, double degrees) {
    if (!(p > 0 && p < 1 && degrees > 0)) {
        throw std::domain_error("student_quantile: needs 0 < p < 1 and degrees > 0");
    }
    const double sign = p < 0.5 ? -1 : 1;
    const double tail = p < 0.5 ? p : 1 - p;
    double low = 0;
    double high = 1;
    while (upper_tail(high, degrees) > tail) {
        low = high;
        high *= 2;
    }
    // Bisection: slower than Newton's method and cannot leave the bracket. It ends when the two
    // ends are neighbours among the doubles.
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) {
            return sign * middle;
        }
        (upper_tail(middle, degrees) > tail ? low : high) = middle;
    }
}

}  // namespace regatta::stats
