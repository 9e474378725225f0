#include "harness/gate/simulation/noise.hpp"

#include <cmath>
#include <numbers>

namespace regatta::gate::simulation {

std::array<noise_shape, 4> shapes(double deviation) {
    std::array<noise_shape, 4> all;
    all.fill({"log-normal", deviation});
    all[1].name = "drift";
    all[1].drift = deviation;
    all[1].drift_memory = 0.97;
    all[2].name = "steps";
    all[2].step = 0.3;
    all[2].step_share = 0.02;
    all[3].name = "spikes";
    all[3].spike_share = 0.1;
    all[3].spike_mean = 0.3;
    return all;
}

machine::machine(const noise_shape& shape, std::uint64_t seed) : shape_(shape), random_(seed) {
    drift_ = shape_.drift * normal();
    is_slow_ = uniform() < 0.5;
}

// Not the standard library's distributions: those differ from one library to the other.
double machine::uniform() {
    return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
}

double machine::normal() {
    return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform());
}

void machine::pass(int trials) {
    if (shape_.drift != 0) {
        const double memory = std::pow(shape_.drift_memory, trials);
        drift_ = memory * drift_ + std::sqrt(1 - memory * memory) * shape_.drift * normal();
    }
    // An odd number of changes.
    if (shape_.step_share != 0 &&
        uniform() < (1 - std::pow(1 - 2 * shape_.step_share, trials)) / 2) {
        is_slow_ = !is_slow_;
    }
}

double machine::run_trial(double slowdown) {
    pass(1);
    double cost = slowdown + drift_ + (is_slow_ ? shape_.step : 0) + shape_.deviation * normal();
    if (shape_.spike_share != 0 && uniform() < shape_.spike_share) {
        cost -= shape_.spike_mean * std::log(uniform());
    }
    return cost;
}

std::vector<double> machine::run_pairs(std::size_t count, double slowdown, int others) {
    std::vector<double> differences;
    for (std::size_t i = 0; i < count; ++i) {
        const bool is_head_first = uniform() < 0.5;
        const double first = run_trial(is_head_first ? slowdown : 0);
        const double second = run_trial(is_head_first ? 0 : slowdown);
        differences.push_back(is_head_first ? first - second : second - first);
        if (others > 0) {
            pass(2 * others);
        }
    }
    return differences;
}

}  // namespace regatta::gate::simulation
