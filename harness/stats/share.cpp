#include "harness/stats/share.hpp"

#include <stdexcept>

#include "harness/stats/student.hpp"

namespace regatta::stats {
namespace {

/// The x with I_x(a, b) = `p`.
double beta_quantile(double p, double a, double b) {
    double low = 0;
    double high = 1;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (incomplete_beta(a, b, middle) < p ? low : high) = middle;
    }
    return (low + high) / 2;
}

}  // namespace

std::pair<double, double> share_interval(std::size_t found, std::size_t trials) {
    if (trials == 0 || found > trials) {
        throw std::domain_error("share_interval: needs found <= trials, and a trial");
    }
    constexpr double tail = 0.025;
    const auto with = static_cast<double>(found);
    const auto without = static_cast<double>(trials - found);
    return {found == 0 ? 0 : beta_quantile(tail, with, without + 1),
            found == trials ? 1 : beta_quantile(1 - tail, with + 1, without)};
}

}  // namespace regatta::stats
