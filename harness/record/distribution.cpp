#include "harness/record/distribution.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/measure/histogram_json.hpp"

namespace regatta {
namespace {

using nlohmann::json;

distribution_part part_of(const json& trial) {
    return {seconds_since_epoch(trial.at("started_at").get<std::string>()),
            trial.at("measured_ns").get<double>() / 1e9, histogram_from_json(trial.at("latency"))};
}

std::string name_of(const json& trial) {
    const auto benchmark = trial.at("benchmark").get<std::string>();
    return trial.at("mode") == "open" ? benchmark + "/mode:open" : benchmark;
}

}  // namespace

histogram distribution::merged() const {
    histogram all;
    for (const distribution_part& part : parts) {
        all.merge(part.latency);
    }
    return all;
}

std::vector<distribution> distributions_of(const std::vector<json>& trials) {
    std::vector<distribution> all;
    for (const json& trial : trials) {
        try {
            if (trial.at("status") != "ok") {
                continue;
            }
            const std::string name = name_of(trial);
            auto found = std::find_if(all.begin(), all.end(),
                                      [&](const distribution& each) { return each.name == name; });
            if (found == all.end()) {
                found = all.insert(all.end(), {name, {}});
            }
            found->parts.push_back(part_of(trial));
        } catch (const std::exception& error) {
            throw failure(fmt::format("trial {} is not as results/FORMAT.md says: {}",
                                      trial.value("trial", json()).dump(), error.what()));
        }
    }
    return all;
}

double seconds_since_epoch(const std::string& time) {
    std::tm parts{};
    const char* rest = strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    char* end = nullptr;
    const double fraction = rest != nullptr && *rest == '.' ? std::strtod(rest, &end) : 0.0;
    if (rest == nullptr || std::string(end != nullptr ? end : rest) != "Z") {
        throw failure(fmt::format("'{}' is no time in UTC as ISO 8601 writes it", time));
    }
    return static_cast<double>(timegm(&parts)) + fraction;
}

}  // namespace regatta
