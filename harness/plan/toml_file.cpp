#include "harness/plan/toml_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/plan/nearest.hpp"

namespace regatta {

toml_file::toml_file(const std::filesystem::path& path) : path_(path) {
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream || std::filesystem::is_directory(path)) {
        throw usage_failure(fmt::format("cannot read {}: {}", path.string(),
                                        errno != 0 ? std::strerror(errno) : "is a folder"));
    }
    try {
        root_ = toml::parse(stream, path.string());
    } catch (const toml::parse_error& error) {
        const auto& at = error.source().begin;
        throw usage_failure(
            fmt::format("{}:{}:{}: {}", path.string(), at.line, at.column, error.description()));
    }
}

void toml_file::refuse(const toml::node& node, std::string_view what) const {
    const auto line = std::max<toml::source_index>(node.source().begin.line, 1);
    throw usage_failure(fmt::format("{}:{}: {}", path_.string(), line, what));
}

void toml_file::refuse_unknown_keys(const toml::table& table,
                                    std::span<const char* const> known) const {
    for (const auto& [key, node] : table) {
        if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
            refuse(node, fmt::format("unknown key '{}'; the keys are: {}", key.str(),
                                     nearest_first(key.str(), {known.begin(), known.end()})));
        }
    }
}

}  // namespace regatta
