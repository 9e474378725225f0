#include "harness/gate/side.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/measure/digest.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace regatta::gate {
namespace {

namespace fs = std::filesystem;

/// Folders of the build in `folder` that may hold runtimes.
std::vector<fs::path> roots_of(const fs::path& folder) {
    std::vector<fs::path> roots;
    const fs::path source = source_of_build(folder);
    for (const fs::path& root :
         {folder / "runtimes", source.empty() ? fs::path() : source / "runtimes"}) {
        if (!root.empty() && fs::is_directory(root)) {
            roots.push_back(root);
        }
    }
    return roots.empty() ? std::vector{folder} : roots;
}

bool is_within(const fs::path& folder, const std::vector<fs::path>& roots) {
    return std::any_of(roots.begin(), roots.end(), [&](const fs::path& root) {
        const fs::path way =
            fs::weakly_canonical(folder).lexically_relative(fs::weakly_canonical(root));
        return !way.empty() && *way.begin() != "..";
    });
}

bool holds_runtime(const fs::path& root) {
    std::error_code none;
    if (fs::exists(root / "runtime.toml")) {
        return true;
    }
    const fs::directory_iterator folders(root, none);
    return std::any_of(begin(folders), end(folders), [](const fs::directory_entry& each) {
        return fs::exists(each.path() / "runtime.toml");
    });
}

bool is_compiled(const fs::path& program) {
    char start[4] = {};
    std::ifstream(program, std::ios::binary).read(start, sizeof start);
    return std::string_view(start, sizeof start) == std::string_view("\177ELF", 4);
}

}  // namespace

std::string cache_variable(const fs::path& folder, const std::string& name) {
    std::ifstream cache(folder / "CMakeCache.txt");
    for (std::string line; std::getline(cache, line);) {
        const std::size_t equals = line.find('=');
        if (equals != std::string::npos && line.starts_with(name + ":")) {
            return line.substr(equals + 1);
        }
    }
    return {};
}

fs::path source_of_build(const fs::path& folder) {
    return cache_variable(folder, "CMAKE_HOME_DIRECTORY");
}

side open_side(const std::string& name, const fs::path& folder) {
    if (!fs::is_directory(folder)) {
        throw usage_failure(fmt::format("--{} {}: no such folder; give a build, like build/release",
                                        name, folder.string()));
    }
    std::vector<fs::path> roots = roots_of(fs::absolute(folder));
    std::erase_if(roots, [](const fs::path& root) { return !holds_runtime(root); });
    if (roots.empty()) {
        throw usage_failure(
            fmt::format("--{} {}: there is no runtime.toml in a folder of it or of its runtimes/; "
                        "give a build, like build/release",
                        name, folder.string()));
    }
    side opened{name, folder, nullptr, nullptr, find_runtimes(roots)};
    // The catalogue adds those of this build and of its source tree.
    std::erase_if(opened.runtimes,
                  [&](const runtime_entry& each) { return !is_within(each.folder, roots); });
    return opened;
}

bool are_identical(const runtime_entry& base, const runtime_entry& head) {
    const fs::path a = program_of(base);
    const fs::path b = program_of(head);
    if (a.empty() || b.empty() || base.command != head.command) {
        return false;
    }
    if (fs::weakly_canonical(base.folder) == fs::weakly_canonical(head.folder)) {
        return true;
    }
    // What an interpreter runs, and what else is not in the folder, may read files that differ.
    const auto digest = sha256_of_file(a);
    return is_within(a, {base.folder}) && is_within(b, {head.folder}) && is_compiled(a) && digest &&
           digest == sha256_of_file(b);
}

}  // namespace regatta::gate
