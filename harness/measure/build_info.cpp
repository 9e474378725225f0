#include "harness/measure/build_info.hpp"

#include <cstdio>
#include <optional>
#include <string>

#include <fmt/format.h>

// REGATTA_VERSION, REGATTA_SOURCE_DIR, REGATTA_BUILD_TYPE and REGATTA_FLAGS come from CMake.
namespace regatta {
namespace {

#if defined(__clang__)
constexpr const char* compiler = "clang++ " __clang_version__;
#else
constexpr const char* compiler = "g++ " __VERSION__;
#endif

/// What git prints when it is run in the source tree, or nothing when it fails.
std::optional<std::string> git(const std::string& arguments) {
    std::string quoted;
    for (const char c : source_folder().string()) {
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    // --no-optional-locks: looking must not change the checkout's index.
    const std::string command =
        fmt::format("git --no-optional-locks -C '{}' {} 2>/dev/null", quoted, arguments);
    FILE* pipe = ::popen(command.c_str(), "re");
    if (pipe == nullptr) {
        return std::nullopt;
    }
    std::string output;
    char chunk[4096];
    while (const std::size_t count = std::fread(chunk, 1, sizeof chunk, pipe)) {
        output.append(chunk, count);
    }
    if (::pclose(pipe) != 0) {
        return std::nullopt;
    }
    return output;
}

}  // namespace

const char* program_version() {
    return REGATTA_VERSION;
}

std::filesystem::path source_folder() {
    return REGATTA_SOURCE_DIR;
}

std::filesystem::path program_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

nlohmann::json build_record() {
    nlohmann::json record{{"version", program_version()},
                          {"commit", nullptr},
                          {"dirty", nullptr},
                          {"build_type", REGATTA_BUILD_TYPE},
                          {"compiler", compiler},
                          {"compiler_flags", REGATTA_FLAGS}};
    // A tree unpacked inside someone else's checkout must not get that checkout's commit.
    if (!std::filesystem::exists(source_folder() / ".git")) {
        return record;
    }
    if (auto commit = git("rev-parse HEAD"); commit && commit->size() > 1) {
        record["commit"] = commit->substr(0, commit->size() - 1);
        if (const auto changes = git("status --porcelain")) {
            record["dirty"] = !changes->empty();
        }
    }
    return record;
}

}  // namespace regatta
