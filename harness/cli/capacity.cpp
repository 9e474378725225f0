#include "harness/cli/capacity.hpp"

#include <algorithm>
#include <set>

#include "harness/stats/interval.hpp"

namespace regatta::cli {

std::vector<benchmark> capacity_benchmarks(const std::vector<benchmark>& arms) {
    std::vector<benchmark> all;
    std::set<std::string> names;
    for (const benchmark& arm : arms) {
        benchmark closed = closed_loop_of(arm);
        if (arm.load_percent != 0 && names.insert(closed.name()).second) {
            all.push_back(std::move(closed));
        }
    }
    return all;
}

void set_load_rates(std::vector<benchmark>& arms, const std::vector<nlohmann::json>& trials) {
    for (benchmark& arm : arms) {
        if (arm.load_percent == 0) {
            continue;
        }
        const std::string name = closed_loop_of(arm).name();
        std::vector<double> rates;
        for (const nlohmann::json& trial : trials) {
            if (trial.at("benchmark") == name && trial.at("status") == "ok") {
                rates.push_back(trial.at("metrics").at("throughput_per_s").get<double>());
            }
        }
        const double share = static_cast<double>(arm.load_percent) / 100;
        arm.load_rate_per_s = stats::median(rates).value_or(0) * share;
    }
}

}  // namespace regatta::cli
