#include "harness/micro/shared/ratio.hpp"

#include <cmath>

#include "harness/stats/student.hpp"
#include "harness/stats/trimmed.hpp"

namespace regatta::micro {

std::optional<ratio> ratio_of(const std::vector<std::pair<double, double>>& pairs) {
    std::vector<double> logarithms;
    for (const auto& [first, second] : pairs) {
        logarithms.push_back(std::log(second / first));
    }
    const auto centre = stats::trimmed_mean_of(logarithms);
    if (!centre || pairs.size() < 4) {
        return std::nullopt;
    }
    const double half = centre->standard_error *
                        stats::student_quantile((1 + stats::confidence) / 2, centre->degrees);
    return ratio{std::exp(centre->value),
                 {std::exp(centre->value - half), std::exp(centre->value + half),
                  stats::interval_method::log_t}};
}

}  // namespace regatta::micro
