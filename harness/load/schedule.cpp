#include "harness/load/schedule.hpp"

#include <cmath>
#include <utility>

namespace regatta::load {

schedule::schedule(const std::string& arrivals, std::vector<rate_step> steps, std::uint64_t seed)
    : is_poisson_(arrivals == "poisson"),
      steps_(std::move(steps)),
      random_(seed),
      // Evenly spaced arrivals stand in the middle of their shares of time.
      count_(is_poisson_ ? 0 : -0.5) {}

double schedule::gap() {
    if (!is_poisson_) {
        return 1;
    }
    const double uniform = static_cast<double>(random_() >> 11) * 0x1p-53;
    return -std::log1p(-uniform);
}

std::uint64_t schedule::next() {
    count_ += gap();
    for (;;) {
        const auto& [duration_ns, rate_per_s] = steps_[step_];
        const auto duration = static_cast<double>(duration_ns);
        const double step_end_count = step_begin_count_ + duration * rate_per_s * 1e-9;
        if (count_ < step_end_count) {
            return static_cast<std::uint64_t>(step_begin_ns_ +
                                              (count_ - step_begin_count_) / rate_per_s * 1e9);
        }
        step_begin_ns_ += duration;
        step_begin_count_ = step_end_count;
        step_ = (step_ + 1) % steps_.size();
    }
}

}  // namespace regatta::load
