#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/runtime_entry.hpp"

namespace regatta::gate {

/// One of the two builds that are compared.
struct side {
    std::string name;              ///< "base" or "head"
    std::filesystem::path folder;  ///< as the user knows it
    nlohmann::json reference;      ///< what the user called it in git, or null
    nlohmann::json commit;         ///< of the sources that it was built from, or null
    std::vector<runtime_entry> runtimes;
};

/// The runtimes of the build in `folder`: those in folder/runtimes and, where the build knows its
/// source tree (CMakeCache.txt), in that tree's runtimes/; or, for a folder that is no build, those
/// in it. Throws `failure` with status 2 when there is no runtime in it.
side open_side(const std::string& name, const std::filesystem::path& folder);

/// The source tree that the build in `folder` was made from; empty when it does not say.
std::filesystem::path source_of_build(const std::filesystem::path& folder);

/// A variable of the CMakeCache.txt in `folder`; empty when it is not there.
std::string cache_variable(const std::filesystem::path& folder, const std::string& name);

/// Whether both are sure to run the same program: the same file, or equal ones that are compiled.
bool are_identical(const runtime_entry& base, const runtime_entry& head);

}  // namespace regatta::gate
