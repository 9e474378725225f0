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
    double p999;
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
    auto from = responses.begin();
    const auto percentile = [&](double fraction) {
        const double rank = std::ceil(fraction * static_cast<double>(requests));
        const auto at = responses.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
        std::nth_element(from, at, responses.end());
        from = at;  // what is above it is behind it
        return *at;
    };
    const double p99 = percentile(0.99);
    return {sum / static_cast<double>(requests), p99, percentile(0.999)};
}

/// How often intervals hold what they should, as shares.
struct coverage {
    double of_mean;
    double of_p99;
};

/// One queue, and how much of it is simulated.
struct setting {
    double load;
    std::size_t requests;  ///< of a trial
    int experiments;
};

/// All trials of all experiments, an experiment's in one row.
using trial_figures = std::vector<std::vector<figures>>;

trial_figures simulate_all(const setting& chosen) {
    trial_figures all(static_cast<std::size_t>(chosen.experiments));
    std::uint64_t seed = 0;
    for (auto& experiment : all) {
        for (int trial = 0; trial < trials; ++trial) {
            experiment.push_back(simulate(chosen.load, chosen.requests, ++seed));
        }
    }
    return all;
}

/// The geometric mean over all trials: what an interval (interval.hpp) of runs of this length is
/// for.
double geometric_mean_of(const trial_figures& all, double figures::*which) {
    double logs = 0;
    for (const auto& experiment : all) {
        for (const figures& trial : experiment) {
            logs += std::log(trial.*which);
        }
    }
    return std::exp(logs / (trials * static_cast<double>(all.size())));
}

double share_covering(const trial_figures& all, double figures::*which, double truth) {
    const auto covers = [which, truth](const std::vector<figures>& experiment) {
        std::vector<double> values;
        for (const figures& trial : experiment) {
            values.push_back(trial.*which);
        }
        const estimate found = summarise(values);
        return found.range && found.range->contains(truth);
    };
    return static_cast<double>(std::count_if(all.begin(), all.end(), covers)) /
           static_cast<double>(all.size());
}

class queue_coverage : public ::testing::TestWithParam<setting> {
protected:
    void expect_95_percent(const char* of_what, const coverage& found) {
        for (const auto& [name, share] :
             {std::pair{"mean", found.of_mean}, std::pair{"p99", found.of_p99}}) {
            RecordProperty(std::string("coverage_of_") + name + "_" + of_what,
                           std::to_string(share));
            EXPECT_GE(share, 0.90) << of_what << " " << name;
            EXPECT_LE(share, 0.98) << of_what << " " << name;
        }
    }
};

TEST_P(queue_coverage, of_a_nominal_95_percent_is_from_90_to_98) {
    const setting& chosen = GetParam();
    const trial_figures all = simulate_all(chosen);
    const figures truth{geometric_mean_of(all, &figures::mean),
                        geometric_mean_of(all, &figures::p99), 0};
    expect_95_percent("own_length", {share_covering(all, &figures::mean, truth.mean),
                                     share_covering(all, &figures::p99, truth.p99)});
    // The theory of the endless run: 1 / (mu - lambda), and -ln(1 - p) times that.
    const double mean = 1 / (1 - chosen.load);
    const double p99 = -std::log1p(-0.99) / (1 - chosen.load);
    expect_95_percent("theory", {share_covering(all, &figures::mean, mean),
                                 share_covering(all, &figures::p99, p99)});
    EXPECT_NEAR(truth.mean / mean, 1, 0.01);
    EXPECT_NEAR(truth.p99 / p99, 1, 0.01);
}

// A trial must hold many busy periods for its percentiles to be those of the endless run, and they
// grow with the load.
INSTANTIATE_TEST_SUITE_P(loads, queue_coverage,
                         ::testing::Values(setting{0.3, 5'000, 400}, setting{0.7, 20'000, 400},
                                           setting{0.9, 200'000, 120}));

// What harness/METHODOLOGY.md says of the audit's queue: 40,000 requests at 70 % load.
TEST(queue_chance, moves_high_percentiles_of_a_short_run) {
    const trial_figures all = simulate_all({0.7, 40'000, 40});
    const auto deviation = [&all](double figures::*which) {
        const double centre = std::log(geometric_mean_of(all, which));
        double squares = 0;
        for (const auto& experiment : all) {
            for (const figures& trial : experiment) {
                squares += std::pow(std::log(trial.*which) - centre, 2);
            }
        }
        return std::sqrt(squares / (trials * static_cast<double>(all.size())));
    };
    RecordProperty("deviation_of_p99", std::to_string(deviation(&figures::p99)));
    RecordProperty("deviation_of_p999", std::to_string(deviation(&figures::p999)));
    EXPECT_NEAR(deviation(&figures::p99), 0.06, 0.01);
    EXPECT_NEAR(deviation(&figures::p999), 0.125, 0.02);
}

}  // namespace
}  // namespace regatta::stats
