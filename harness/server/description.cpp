#include "harness/server/description.hpp"

#include <fmt/format.h>

#include "harness/server/conversation.hpp"

namespace regatta {
namespace {

using nlohmann::json;

constexpr int contract_version = 1;

std::string reason_of(const json& object, const char* otherwise) {
    const auto found = object.find("reason");
    return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

runtime_parameter parameter_of(const json& object) {
    runtime_parameter read;
    read.name = object.at("name").get<std::string>();
    read.unit = object.value("unit", "");
    read.about = object.value("about", "");
    read.choices = object.value("choices", std::vector<std::string>());
    const json& fallback = object.at("default");
    if (read.choices.empty()) {
        read.fallback = fallback.get<std::int64_t>();
        read.minimum = object.at("min").get<std::int64_t>();
        read.maximum = object.at("max").get<std::int64_t>();
        return read;
    }
    read.maximum = static_cast<std::int64_t>(read.choices.size()) - 1;
    if (fallback.is_number_integer()) {
        read.fallback = fallback.get<std::int64_t>();
        return read;
    }
    const auto word = fallback.get<std::string>();
    while (read.fallback <= read.maximum &&
           read.choices[static_cast<std::size_t>(read.fallback)] != word) {
        ++read.fallback;
    }
    return read;
}

}  // namespace

void apply_description(runtime_entry& entry, const json& description) {
    try {
        const auto version = description.at("contract").get<int>();
        if (version != contract_version) {
            throw trial_failure(fmt::format("speaks contract {}, and the harness speaks {}",
                                            version, contract_version));
        }
        const auto name = description.at("name").get<std::string>();
        if (name != entry.name) {
            throw trial_failure(
                fmt::format("calls itself '{}', and its manifest '{}'", name, entry.name));
        }
        description.at("model").get<std::string>();
        description.at("engine").get<std::string>();
        entry.is_reference_only = description.value("reference_only", false);
        for (const json& each : description.value("parameters", json::array())) {
            entry.parameters.push_back(parameter_of(each));
        }
        for (const auto& [workload, support] : description.at("workloads").items()) {
            const bool supported = support.at("supported").get<bool>();
            entry.workloads[workload] = {
                supported, supported ? "" : reason_of(support, "its program gives no reason")};
        }
        if (!description.at("available").get<bool>()) {
            entry.state = runtime_entry::status::unavailable;
            entry.reason = reason_of(description, "its program gives no reason");
        }
        entry.description = description;
    } catch (const json::exception& error) {
        throw trial_failure(fmt::format("describes itself wrongly: {}", error.what()));
    }
}

}  // namespace regatta
