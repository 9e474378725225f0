#pragma once

namespace regatta::stats {

/// The regularised incomplete beta function I_x(a, b), a > 0, b > 0, 0 <= x <= 1, by the continued
/// fraction of DLMF 8.17.22 (https://dlmf.nist.gov/8.17.E22). Relative error about 1e-13 for the
/// arguments that the tests of this folder need.
double incomplete_beta(double a, double b, double x);

/// P(T <= t) for Student's t distribution with `degrees` > 0 degrees of freedom (need not be
/// whole).
double student_cdf(double t, double degrees);

/// The t with P(T <= t) = `p`, 0 < p < 1: the inverse of student_cdf. Throws std::domain_error for
/// other arguments.
double student_quantile(double p, double degrees);

}  // namespace regatta::stats
