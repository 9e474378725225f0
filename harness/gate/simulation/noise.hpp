#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

/// Simulated trials, on which rules of decision are tried out. Nothing here measures.
namespace regatta::gate::simulation {

/// How the figures of trials of one program differ, on the logarithm. A trial is one step of time.
struct noise_shape {
    std::string_view name;
    double deviation;  ///< of independent normal noise: the coefficient of variation, if small
    double drift = 0;  ///< stationary deviation of a first-order autoregressive drift
    double drift_memory = 0;  ///< its correlation from one trial to the next
    double step = 0;          ///< how much slower the machine is in its second state
    double step_share = 0;    ///< chance that it changes state before a trial
    double spike_share = 0;   ///< chance that a trial is slowed further
    double spike_mean = 0;    ///< by an exponential variable of this mean
};

/// Log-normal noise of coefficient of variation `deviation`, alone and with each of: a drift of
/// the same size, two states of the machine that differ by 0.3, and spikes in a tenth of the
/// trials.
std::array<noise_shape, 4> shapes(double deviation);

/// A machine that runs trials one after the other; the same for the same seed, everywhere.
class machine {
public:
    machine(const noise_shape& shape, std::uint64_t seed);

    /// The logarithm of a trial's cost, 0 for an undisturbed trial of the base program.
    double run_trial(double slowdown);
    /// Others use the machine for so many trials.
    void pass(int trials);

    /// ln(head / base) of `count` pairs in random order, with the trials of `others` other
    /// benchmarks between them; head is slower by `slowdown` on the logarithm.
    std::vector<double> run_pairs(std::size_t count, double slowdown, int others);

private:
    double uniform();
    double normal();

    noise_shape shape_;
    std::mt19937_64 random_;
    double drift_;
    bool is_slow_;
};

}  // namespace regatta::gate::simulation
