#pragma once

#include <map>
#include <vector>

#include "harness/measure/cpu_time.hpp"

namespace regatta::gate {

/// Knows which CPU other programs use least. A trial that is pinned to one CPU cannot move away
/// from a neighbour: the next pair can.
class quiet_cpu {
public:
    /// `cpus` is not empty. Looks at them once, for half a second or as `look` says, in ns.
    explicit quiet_cpu(std::vector<int> cpus, std::int64_t look_ns = 500'000'000);

    /// The CPU for the next pair: the one it was, unless another is quieter by 5 % of its time.
    int choice() const { return choice_; }
    /// The share of its time that others used when it was last seen; 0 to 1.
    double foreign_share() const { return shares_.at(choice_); }

    /// Before a pair runs on choice().
    void begin();
    /// After it, with the share of choice()'s time that its trials saw others use; where they could
    /// not tell, nothing is learnt of choice().
    void end(std::optional<double> seen_share);

    /// Says what was seen of a CPU, and chooses anew. What begin() and end() do, for tests.
    void learn(const std::map<int, double>& shares);

private:
    std::map<int, double> busy_since(const std::map<int, cpu_times>& before) const;
    std::map<int, cpu_times> read() const;

    std::vector<int> cpus_;
    int choice_;
    std::map<int, double> shares_;
    std::map<int, cpu_times> before_;
};

}  // namespace regatta::gate
