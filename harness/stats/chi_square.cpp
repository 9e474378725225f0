#include "harness/stats/chi_square.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace regatta::stats {
namespace {

constexpr int expansion_terms_max = 10'000;
constexpr double expansion_precision = 1e-15;

/// x^a e^-x / Gamma(a), what both expansions are multiplied by.
double front(double a, double x) {
    return std::exp(a * std::log(x) - x - std::lgamma(a));
}

double lower_series(double a, double x) {
    double term = 1 / a;
    double sum = term;
    for (int n = 1; n <= expansion_terms_max && term > sum * expansion_precision; ++n) {
        term *= x / (a + n);
        sum += term;
    }
    return front(a, x) * sum;
}

/// Q(a, x) by the modified method of Lentz.
double upper_fraction(double a, double x) {
    constexpr double tiny = std::numeric_limits<double>::min() / expansion_precision;
    double b = x + 1 - a;
    double c = 1 / tiny;
    double d = 1 / b;
    double result = d;
    for (int n = 1; n <= expansion_terms_max; ++n) {
        const double numerator = -n * (n - a);
        b += 2;
        d = numerator * d + b;
        d = 1 / (std::abs(d) < tiny ? tiny : d);
        c = b + numerator / c;
        c = std::abs(c) < tiny ? tiny : c;
        result *= d * c;
        if (std::abs(d * c - 1) < expansion_precision) {
            break;
        }
    }
    return front(a, x) * result;
}

}  // namespace

double incomplete_gamma(double a, double x) {
    if (x <= 0) {
        return 0;
    }
    return x < a + 1 ? lower_series(a, x) : 1 - upper_fraction(a, x);
}

double chi_square_cdf(double x, double degrees) {
    return incomplete_gamma(degrees / 2, x / 2);
}

double chi_square_quantile(double p, double degrees) {
    if (!(p > 0 && p < 1 && degrees > 0)) {
        throw std::domain_error("chi_square_quantile: needs 0 < p < 1 and degrees > 0");
    }
    double low = 0;
    double high = degrees;
    while (chi_square_cdf(high, degrees) < p) {
        low = high;
        high *= 2;
    }
    // Bisection cannot leave the bracket; it ends when the two ends are neighbours among the
    // doubles.
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) {
            return middle;
        }
        (chi_square_cdf(middle, degrees) < p ? low : high) = middle;
    }
}

}  // namespace regatta::stats
