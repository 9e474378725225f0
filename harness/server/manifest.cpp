#include "harness/server/manifest.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "harness/failure.hpp"
#include "harness/plan/toml_file.hpp"

namespace regatta {
namespace {

constexpr std::array known{"name",  "command",     "build",    "probe",
                           "needs", "unavailable", "in_suites"};

std::string word(const toml_file& file, const toml::node& node, std::string_view key) {
    const auto text = node.value<std::string>();
    if (!node.is_string() || text->empty()) {
        file.refuse(node, fmt::format("'{}' must be a text that is not empty", key));
    }
    return *text;
}

std::vector<std::string> words(const toml_file& file, const toml::node& node,
                               std::string_view key) {
    const toml::array* array = node.as_array();
    if (array == nullptr || array->empty()) {
        file.refuse(node, fmt::format("'{}' must be an array of words, like [\"./program\"]", key));
    }
    std::vector<std::string> all;
    for (const toml::node& each : *array) {
        all.push_back(word(file, each, key));
    }
    return all;
}

bool truth(const toml_file& file, const toml::node& node, std::string_view key) {
    if (!node.is_boolean()) {
        file.refuse(node, fmt::format("'{}' must be true or false", key));
    }
    return *node.value<bool>();
}

bool names_program(const std::vector<std::string>& command) {
    return std::any_of(command.begin(), command.end(), [](const std::string& each) {
        return each.find(program_placeholder) != std::string::npos;
    });
}

}  // namespace

manifest read_manifest(const std::filesystem::path& path) {
    const toml_file file(path);
    file.refuse_unknown_keys(file.root(), known);
    manifest read;
    for (const auto& [key, node] : file.root()) {
        if (key == "name") {
            read.name = word(file, node, key);
        } else if (key == "command") {
            read.command = words(file, node, key);
        } else if (key == "build") {
            read.build = words(file, node, key);
        } else if (key == "probe") {
            read.probe = words(file, node, key);
        } else if (key == "needs") {
            read.needs = word(file, node, key);
        } else if (key == "in_suites") {
            read.in_suites = truth(file, node, key);
        } else {
            read.unavailable = word(file, node, key);
        }
    }
    if (read.name.empty()) {
        file.refuse(file.root(), "lacks 'name'");
    }
    if (read.command.empty() && !read.unavailable) {
        file.refuse(file.root(), "lacks 'command', or 'unavailable' with the reason");
    }
    if (!read.build.empty() && !names_program(read.build)) {
        file.refuse(file.root(), fmt::format("'build' must say where the program goes: {}",
                                             program_placeholder));
    }
    return read;
}

}  // namespace regatta
