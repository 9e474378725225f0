#include "harness/server/arguments.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace regatta {
namespace {

using nlohmann::json;

std::optional<std::string> difference(const std::string& name, const json& asked,
                                      const json& object) {
    const auto found = object.find(name);
    if (found == object.end()) {
        return fmt::format("asked for {} = {}, and it does not say what it runs with", name,
                           asked.dump());
    }
    if (*found != asked) {
        return fmt::format("asked for {} = {}, and it runs with {}", name, asked.dump(),
                           found->dump());
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::string> contract_command(const benchmark& arm, const std::string& verb,
                                          std::int64_t rounds_per_us) {
    std::vector<std::string> command = arm.runtime->command;
    command.insert(command.end(),
                   {verb, "--workload", arm.workload->name, "--workers",
                    std::to_string(arm.workers), "--rounds-per-us", std::to_string(rounds_per_us)});
    const auto give = [&](const named_value& each) {
        command.insert(command.end(), {"--set", each.name + "=" + each.text});
    };
    const std::vector<named_value> all = arm.settings();
    const std::size_t of_workload = arm.workload->parameters.size();
    std::for_each(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(of_workload), give);
    for (std::size_t i = of_workload; i < all.size(); ++i) {
        if (all[i].value != arm.runtime->parameters[i - of_workload].fallback) {
            give(all[i]);
        }
    }
    if (!arm.injection.empty()) {
        command.insert(command.end(), {"--inject", arm.injection});
    }
    return command;
}

std::optional<std::string> effective_difference(const benchmark& arm, std::int64_t rounds_per_us,
                                                const json& effective) {
    if (!effective.is_object() || !effective.value("set", json()).is_object()) {
        return "it does not say what it runs with ('effective' with 'set')";
    }
    const std::pair<const char*, json> fields[] = {{"runtime", arm.runtime->name},
                                                   {"workload", arm.workload->name},
                                                   {"workers", arm.workers},
                                                   {"rounds_per_us", rounds_per_us}};
    for (const auto& [name, asked] : fields) {
        if (auto found = difference(name, asked, effective)) {
            return found;
        }
    }
    const json injected = arm.injection.empty() ? json() : json(arm.injection);
    if (effective.value("inject", json()) != injected) {
        return fmt::format("asked for inject = {}, and it runs with {}", injected.dump(),
                           effective.value("inject", json()).dump());
    }
    for (const named_value& each : arm.settings()) {
        if (auto found = difference(each.name, each.json(), effective.at("set"))) {
            return found;
        }
    }
    return std::nullopt;
}

}  // namespace regatta
