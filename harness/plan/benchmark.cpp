#include "harness/plan/benchmark.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "harness/plan/parameter_value.hpp"
#include "workloads/support/injection_spec.hpp"

namespace regatta {
namespace {

template <class Parameter>
named_value named(const Parameter& declared, std::int64_t value) {
    return {std::string(declared.name), value, value_text(declared, value),
            !std::empty(declared.choices)};
}

parameter workers_of(const workload_info& workload) {
    parameter declared = workers_parameter;
    declared.maximum = std::min(declared.maximum, workload.workers_max);
    return declared;
}

/// Whether its program listens on Unix sockets.
bool takes_unix(const runtime_entry& runtime) {
    const nlohmann::json& described = runtime.description;
    return described.is_object() && described.value("unix_sockets", nlohmann::json()) == true;
}

/// Calls `found(declared, value)` for the parameter called `name`; false when there is none.
template <class Benchmark, class Found>
bool visit_parameter(Benchmark& target, std::string_view name, Found found) {
    const auto& workload = *target.workload;
    for (std::size_t i = 0; i < workload.parameters.size(); ++i) {
        if (workload.parameters[i].name == name) {
            found(workload.parameters[i], target.values.values[i]);
            return true;
        }
    }
    if (target.is_server()) {
        const auto take = [&](const parameter& declared, auto& value) {
            if (declared.name == name) {
                found(declared, value);
            }
            return declared.name == name;
        };
        if (take(connections_parameter, target.connections) ||
            take(depth_parameter, target.depth) ||
            (takes_unix(*target.runtime) && take(transport_parameter, target.transport)) ||
            take(rate_parameter, target.rate_per_s) || take(load_parameter, target.load_percent) ||
            take(arrivals_parameter, target.arrivals)) {
            return true;
        }
    }
    if (name == workers_parameter.name) {
        found(workers_of(workload), target.workers);
        return true;
    }
    for (std::size_t i = 0; i < target.runtime_values.size(); ++i) {
        if (target.runtime->parameters[i].name == name) {
            found(target.runtime->parameters[i], target.runtime_values[i]);
            return true;
        }
    }
    return false;
}

/// Whether its program takes --inject.
bool injects(const runtime_entry& runtime) {
    const nlohmann::json& described = runtime.description;
    return described.is_object() && described.value("injects", nlohmann::json()) == true;
}

std::optional<std::string> assign_injection(benchmark& target, std::string_view text) {
    try {
        const injection_spec asked = parse_injection(text);
        if (injects(*target.runtime)) {
            target.injection = asked.text();
        }
    } catch (const std::invalid_argument& refused) {
        return std::string("inject: ") + refused.what();
    }
    return std::nullopt;
}

}  // namespace

std::int64_t benchmark::waiting() const {
    for (std::size_t i = 0; i < workload->parameters.size(); ++i) {
        if (!workload->count_name.empty() && workload->parameters[i].name == workload->count_name) {
            return values[i];
        }
    }
    return connections;
}

std::vector<named_value> benchmark::named_values() const {
    std::vector<named_value> all;
    for (std::size_t i = 0; i < workload->parameters.size(); ++i) {
        all.push_back(named(workload->parameters[i], values[i]));
    }
    if (is_server()) {
        all.push_back(named(connections_parameter, connections));
        if (depth != depth_parameter.fallback) {
            all.push_back(named(depth_parameter, depth));
        }
        if (is_over_unix()) {
            all.push_back(named(transport_parameter, transport));
        }
        if (rate_per_s != 0) {
            all.push_back(named(rate_parameter, rate_per_s));
        }
        if (load_percent != 0) {
            all.push_back(named(load_parameter, load_percent));
        }
        if (pattern) {
            all.push_back({pattern->parameter, 0, pattern->text, true});
        }
        if (is_open_loop() && arrivals != arrivals_parameter.fallback) {
            all.push_back(named(arrivals_parameter, arrivals));
        }
    }
    all.push_back(named(workers_parameter, workers));
    for (std::size_t i = 0; i < runtime_values.size(); ++i) {
        if (runtime_values[i] != runtime->parameters[i].fallback) {
            all.push_back(named(runtime->parameters[i], runtime_values[i]));
        }
    }
    if (!injection.empty()) {
        all.push_back({std::string(injection_parameter), 0, injection, true});
    }
    return all;
}

std::vector<named_value> benchmark::settings() const {
    std::vector<named_value> all;
    for (std::size_t i = 0; i < workload->parameters.size(); ++i) {
        all.push_back(named(workload->parameters[i], values[i]));
    }
    for (std::size_t i = 0; i < runtime_values.size(); ++i) {
        all.push_back(named(runtime->parameters[i], runtime_values[i]));
    }
    return all;
}

std::string benchmark::name() const {
    std::string text = workload->name + "/" + runtime->name;
    for (const named_value& each : named_values()) {
        text += fmt::format("/{}:{}", each.name, each.text);
    }
    return text;
}

nlohmann::json benchmark::parameters_json() const {
    nlohmann::json object = nlohmann::json::object();
    for (const named_value& each : named_values()) {
        object[each.name] = each.json();
    }
    return object;
}

benchmark closed_loop_of(const benchmark& arm) {
    benchmark closed = arm;
    closed.rate_per_s = rate_parameter.fallback;
    closed.load_percent = load_parameter.fallback;
    closed.arrivals = arrivals_parameter.fallback;
    closed.load_rate_per_s = 0;
    closed.pattern.reset();
    return closed;
}

benchmark default_benchmark(const workload_info& workload, const runtime_entry& runtime) {
    benchmark made;
    made.workload = &workload;
    made.runtime = &runtime;
    for (std::size_t i = 0; i < workload.parameters.size(); ++i) {
        made.values.values[i] = workload.parameters[i].fallback;
    }
    for (const runtime_parameter& each : runtime.parameters) {
        made.runtime_values.push_back(each.fallback);
    }
    return made;
}

std::vector<parameter> common_parameters(const workload_info& workload) {
    std::vector<parameter> all(workload.parameters.begin(), workload.parameters.end());
    if (workload.kind == workload_kind::server) {
        all.push_back(connections_parameter);
        all.push_back(depth_parameter);
        all.push_back(transport_parameter);
        all.push_back(rate_parameter);
        all.push_back(load_parameter);
        all.push_back(arrivals_parameter);
    }
    all.push_back(workers_of(workload));
    return all;
}

bool is_load_parameter(std::string_view name) {
    return name == rate_parameter.name || name == load_parameter.name || is_pattern_parameter(name);
}

bool has_parameter(const benchmark& target, std::string_view name) {
    if (name == injection_parameter) {
        return injects(*target.runtime);
    }
    if (is_pattern_parameter(name)) {
        return target.is_server();
    }
    return visit_parameter(target, name, [](const auto&, std::int64_t) {});
}

std::optional<std::string> assign(benchmark& target, std::string_view name, std::string_view text) {
    if (is_pattern_parameter(name)) {
        target.pattern = parse_pattern(name, text);
        return target.pattern ? std::nullopt : std::optional(refusal_of_pattern(name, text));
    }
    if (name == injection_parameter) {
        return assign_injection(target, text);
    }
    std::optional<std::string> refusal;
    visit_parameter(target, name, [&](const auto& declared, std::int64_t& value) {
        if (const auto parsed = parse_value(declared, text)) {
            value = *parsed;
        } else {
            refusal = refusal_of(declared, text);
        }
    });
    return refusal;
}

}  // namespace regatta
