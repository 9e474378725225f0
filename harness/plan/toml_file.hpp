#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include <toml++/toml.h>

namespace regatta {

/// A TOML file whose every complaint names the file and the line.
class toml_file {
public:
    /// Throws `failure` with status 2 when `path` cannot be read or is not TOML.
    explicit toml_file(const std::filesystem::path& path);

    const toml::table& root() const { return root_; }

    /// Throws `failure` with status 2: "PATH:LINE: WHAT" of the place where `node` begins.
    [[noreturn]] void refuse(const toml::node& node, std::string_view what) const;

    /// Refuses the first key of `table` that is not in `known`, naming the nearest.
    void refuse_unknown_keys(const toml::table& table, std::span<const char* const> known) const;

private:
    std::filesystem::path path_;
    toml::table root_;
};

}  // namespace regatta
