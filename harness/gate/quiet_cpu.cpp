#include "harness/gate/quiet_cpu.hpp"

#include <thread>

namespace regatta::gate {

quiet_cpu::quiet_cpu(std::vector<int> cpus, std::int64_t look_ns)
    : cpus_(std::move(cpus)), choice_(cpus_.front()) {
    for (const int cpu : cpus_) {
        shares_[cpu] = 0;
    }
    if (look_ns > 0) {
        const auto before = read();
        std::this_thread::sleep_for(std::chrono::nanoseconds(look_ns));
        learn(busy_since(before));
    }
}

std::map<int, cpu_times> quiet_cpu::read() const {
    std::map<int, cpu_times> now;
    for (const int cpu : cpus_) {
        now[cpu] = read_cpu_times({cpu});
    }
    return now;
}

std::map<int, double> quiet_cpu::busy_since(const std::map<int, cpu_times>& before) const {
    std::map<int, double> shares;
    for (const auto& [cpu, times] : read()) {
        const auto& start = before.at(cpu);
        const auto total = static_cast<double>(times.total_ns - start.total_ns);
        if (total > 0) {
            shares[cpu] = static_cast<double>(times.busy_ns - start.busy_ns + times.steal_ns -
                                              start.steal_ns) /
                          total;
        }
    }
    return shares;
}

void quiet_cpu::begin() {
    before_ = read();
}

void quiet_cpu::end(std::optional<double> seen_share) {
    std::map<int, double> shares = busy_since(before_);
    // There the trials themselves were busy.
    shares.erase(choice_);
    if (seen_share) {
        shares[choice_] = *seen_share;
    }
    learn(shares);
}

void quiet_cpu::learn(const std::map<int, double>& shares) {
    constexpr double worth_moving = 0.05;
    for (const auto& [cpu, share] : shares) {
        shares_[cpu] = share;
    }
    for (const auto& [cpu, share] : shares_) {
        if (share < shares_.at(choice_) - worth_moving) {
            choice_ = cpu;
        }
    }
}

}  // namespace regatta::gate
