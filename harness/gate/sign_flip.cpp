#include "harness/gate/sign_flip.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "harness/stats/interval.hpp"

namespace regatta::gate {
namespace {

// Finer ones change nothing that matters, and take longer.
constexpr int score_max = 256;

/// Whole scores in proportion to min(|d|, cut). With a cut at 1.5 or 2 medians fewer slowdowns of
/// 10 % are found among spikes (simulation/), and hardly more without.
std::vector<std::size_t> scores_of(std::span<const double> differences) {
    std::vector<double> sizes;
    for (const double each : differences) {
        sizes.push_back(std::abs(each));
    }
    double cut = stats::median(sizes).value_or(0);
    if (cut == 0) {  // most are 0: what is not counts in full
        cut = sizes.empty() ? 0 : *std::max_element(sizes.begin(), sizes.end());
    }
    std::vector<std::size_t> scores;
    for (const double size : sizes) {
        scores.push_back(cut == 0 ? 0
                                  : static_cast<std::size_t>(
                                        std::lround(std::min(size / cut, 1.0) * score_max)));
    }
    return scores;
}

}  // namespace

double sign_flip_p_above(std::span<const double> differences) {
    const std::vector<std::size_t> scores = scores_of(differences);
    // With T the sum over positive signs and W that over all, the signed sum is 2 T - W: T decides.
    std::vector<double> probability(std::accumulate(scores.begin(), scores.end(), std::size_t{0}) +
                                    1);
    probability.front() = 1;
    std::vector<double> before(probability.size());  // apart, so that the loops are vectorised
    std::size_t reached = 0;
    std::size_t observed = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (differences[i] > 0) {
            observed += scores[i];
        }
        const std::size_t score = scores[i];
        reached += score;
        before.swap(probability);
        for (std::size_t sum = 0; sum < score; ++sum) {
            probability[sum] = before[sum] / 2;
        }
        for (std::size_t sum = score; sum <= reached; ++sum) {
            probability[sum] = (before[sum] + before[sum - score]) / 2;
        }
    }
    // From the small end, so that nothing is lost in rounding.
    return std::min(
        1.0, std::accumulate(probability.rbegin(),
                             probability.rend() - static_cast<std::ptrdiff_t>(observed), 0.0));
}

}  // namespace regatta::gate
