#include "runtimes/main/lines.hpp"

#include <unistd.h>

namespace regatta {
namespace {

nlohmann::json value_json(const parameter& declared, std::int64_t value) {
    if (declared.choices.empty()) {
        return value;
    }
    return std::string(declared.choices[static_cast<std::size_t>(value)]);
}

}  // namespace

void print_line(const nlohmann::json& object) {
    const std::string line = object.dump() + "\n";
    std::string_view rest = line;
    while (!rest.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
        if (written < 0 && errno != EINTR) {
            return;
        }
        rest.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
}

nlohmann::json parameters_json(std::span<const parameter> declared) {
    nlohmann::json list = nlohmann::json::array();
    for (const parameter& entry : declared) {
        nlohmann::json choices = nlohmann::json::array();
        for (const std::string_view word : entry.choices) {
            choices.push_back(std::string(word));
        }
        list.push_back({{"name", std::string(entry.name)},
                        {"unit", std::string(entry.unit)},
                        {"default", value_json(entry, entry.fallback)},
                        {"min", entry.minimum},
                        {"max", entry.maximum},
                        {"about", std::string(entry.about)},
                        {"choices", std::move(choices)}});
    }
    return list;
}

nlohmann::json effective_configuration::to_json() const {
    nlohmann::json set = nlohmann::json::object();
    for (std::size_t i = 0; i < of_workload.size(); ++i) {
        set[std::string(of_workload[i].name)] = value_json(of_workload[i], values[i]);
    }
    for (std::size_t i = 0; i < of_runtime.size(); ++i) {
        set[std::string(of_runtime[i].name)] = value_json(of_runtime[i], configuration[i]);
    }
    nlohmann::json object = {
        {"runtime", runtime},
        {"workload", workload},
        {"workers", workers},
        {"rounds_per_us", values.rounds_per_us},
        {"inject", injection ? nlohmann::json(injection->text()) : nlohmann::json(nullptr)},
        {"set", std::move(set)}};
    if (!listen.empty()) {
        object["listen"] = listen;
    }
    return object;
}

nlohmann::json versions_json(const runtime_info& info) {
    nlohmann::json versions = {
#ifdef __clang__
        {"compiler", "clang " __clang_version__},
#else
        {"compiler", "g++ " __VERSION__},
#endif
    };
    for (const auto& [library, version] : info.versions) {
        versions[library] = version;
    }
    return versions;
}

}  // namespace regatta
