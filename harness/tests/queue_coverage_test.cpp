// Do intervals over trials cover the truth? One trial is one simulated M/M/1 queue: Poisson
// arrivals at rate lambda, exponential service at rate mu, one server, first come first served.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "harness/stats/interval.hpp"

namespace regatta::stats {
namespace {

constexpr int trials = 10;  // of one experiment: one interval
constexpr int experiments = 400;

/// Exponential times with mean 1 / rate, the same with every standard library.
class exponential {
public:
    explicit exponential(std::uint64_t seed) : random_(seed) {}
    double operator()(double rate) {
        const double uniform = (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
        return -std::log(uniform) / rate;
    }

private:
    std::mt19937_64 random_;
};

struct figures {
    double mean;
    double p99;
};

/// Mean and 99th percentile of the response times of `requests` in a row, mu = 1. The first finds
/// the queue as it is in the steady state, whose response time is exponential with rate mu - lambda
/// (Kleinrock, "Queueing Systems", volume 1, 3.2 and 5.12); each next by Lindley's recursion.
figures simulate(double load, std::size_t requests, std::uint64_t seed) {
    exponential draw(seed);
    std::vector<double> responses(requests);
    double response = draw(1 - load);
    double sum = 0;
    for (double& each : responses) {
        each = response;
        sum += response;
        const double waiting = std::max(0.0, response - draw(load));
        response = waiting + draw(1);
    }
    const auto rank = static_cast<std::size_t>(std::ceil(0.99 * static_cast<double>(requests))) - 1;
    std::nth_element(responses.begin(), responses.begin() + static_cast<std::ptrdiff_t>(rank),
                     responses.end());
    return {sum / static_cast<double>(requests), responses[rank]};
}

struct coverage {
    double of_mean;
    double of_p99;
};

/// The share of experiments whose interval holds the truth. The interval is one for the geometric
/// mean over trials (interval.hpp): its truth for runs of this length is taken from all simulated
/// trials together, and compared with the theory by the caller.
coverage coverage_at(double load, std::size_t requests, figures& truth) {
    std::vector<std::vector<double>> means(experiments);
    std::vector<std::vector<double>> percentiles(experiments);
    double mean_logs = 0;
    double p99_logs = 0;
    for (int experiment = 0; experiment < experiments; ++experiment) {
        for (int trial = 0; trial < trials; ++trial) {
            const auto seed = static_cast<std::uint64_t>(experiment * trials + trial) + 1;
            const figures found = simulate(load, requests, seed);
            means[static_cast<std::size_t>(experiment)].push_back(found.mean);
            percentiles[static_cast<std::size_t>(experiment)].push_back(found.p99);
            mean_logs += std::log(found.mean) / (experiments * trials);
            p99_logs += std::log(found.p99) / (experiments * trials);
        }
    }
    truth = {std::exp(mean_logs), std::exp(p99_logs)};
    const auto share = [](const std::vector<std::vector<double>>& all, double true_value) {
        const auto covers = [true_value](const std::vector<double>& values) {
            const estimate found = summarise(values);
            return found.range && found.range->contains(true_value);
        };
        return static_cast<double>(std::count_if(all.begin(), all.end(), covers)) / experiments;
    };
    return {share(means, truth.mean), share(percentiles, truth.p99)};
}

class queue_coverage : public ::testing::TestWithParam<double> {};

TEST_P(queue_coverage, of_a_nominal_95_percent_is_from_90_to_98) {
    const double load = GetParam();
    // A run must hold many busy periods, which grow with the load, for its figures to mean much.
    const std::size_t requests = load > 0.8 ? 20'000 : 5'000;
    figures truth{};
    const coverage found = coverage_at(load, requests, truth);
    RecordProperty("coverage_of_mean", std::to_string(found.of_mean));
    RecordProperty("coverage_of_p99", std::to_string(found.of_p99));
    EXPECT_GE(found.of_mean, 0.90);
    EXPECT_LE(found.of_mean, 0.98);
    EXPECT_GE(found.of_p99, 0.90);
    EXPECT_LE(found.of_p99, 0.98);
    // The theory of the endless run: 1 / (mu - lambda), and ln(100) times that. Finite runs have
    // their quantile a little lower at high load, where their length is few busy periods.
    EXPECT_NEAR(truth.mean * (1 - load), 1, 0.05);
    EXPECT_NEAR(truth.p99 * (1 - load), std::log(100), 0.10 * std::log(100));
}

INSTANTIATE_TEST_SUITE_P(loads, queue_coverage, ::testing::Values(0.3, 0.7, 0.9));

}  // namespace
}  // namespace regatta::stats
