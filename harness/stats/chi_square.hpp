#pragma once

namespace regatta::stats {

/// The regularised lower incomplete gamma function P(a, x), a > 0, x >= 0: the series of DLMF 8.7.1
/// for x < a + 1, else 1 - Q by the continued fraction of DLMF 8.9.2 (https://dlmf.nist.gov/8).
double incomplete_gamma(double a, double x);

/// P(X <= x) for the chi-square distribution with `degrees` > 0 degrees of freedom.
double chi_square_cdf(double x, double degrees);

/// The x with P(X <= x) = `p`, 0 < p < 1: the inverse of chi_square_cdf. Throws std::domain_error
/// for other arguments.
double chi_square_quantile(double p, double degrees);

}  // namespace regatta::stats
