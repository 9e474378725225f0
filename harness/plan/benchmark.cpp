#include "harness/plan/benchmark.hpp"

#include <fmt/format.h>

namespace regatta {

std::vector<std::pair<std::string, std::int64_t>> benchmark::named_parameters() const {
    std::vector<std::pair<std::string, std::int64_t>> named;
    for (std::size_t i = 0; i < workload->parameters.size(); ++i) {
        named.emplace_back(workload->parameters[i].name, values[i]);
    }
    if (is_server()) {
        named.emplace_back(connections_parameter.name, connections);
        if (depth != depth_parameter.fallback) {
            named.emplace_back(depth_parameter.name, depth);
        }
    }
    named.emplace_back(workers_parameter.name, workers);
    named.insert(named.end(), runtime_settings.begin(), runtime_settings.end());
    return named;
}

std::string benchmark::name() const {
    std::string text = workload->name + "/" + runtime;
    for (const auto& [parameter, value] : named_parameters()) {
        text += fmt::format("/{}:{}", parameter, value);
    }
    return text;
}

nlohmann::json benchmark::parameters_json() const {
    nlohmann::json object = nlohmann::json::object();
    for (const auto& [parameter, value] : named_parameters()) {
        object[parameter] = value;
    }
    return object;
}

benchmark default_benchmark(const workload_info& workload, const std::string& runtime) {
    benchmark made;
    made.workload = &workload;
    made.runtime = runtime;
    for (std::size_t i = 0; i < workload.parameters.size(); ++i) {
        made.values.values[i] = workload.parameters[i].fallback;
    }
    return made;
}

}  // namespace regatta
