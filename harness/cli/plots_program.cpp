#include "harness/cli/plots_program.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/server/child_process.hpp"
#include "plots/python.hpp"

namespace regatta::cli {
namespace {

constexpr int status_lacks_python = 3;

bool can_draw(const std::string& python) {
    constexpr std::chrono::minutes patience{1};
    try {
        child_process child(
            {{python, "-c", "import sys, matplotlib, numpy; sys.exit(sys.version_info < (3, 11))"},
             {},
             {}});
        child.close_input();
        wait_until({&child}, clock_type::now() + patience, false,
                   [&child] { return child.has_ended(); });
        return child.has_ended() && child.ending().is_success();
    } catch (const failure&) {
        return false;  // there is no such program
    }
}

/// The interpreter that the user names, or the first that can draw; empty when there is none.
std::string find_python(const char* named) {
    const std::vector<std::string> candidates =
        named != nullptr
            ? std::vector<std::string>{named}
            : std::vector<std::string>{configured_python, "python3", "/usr/bin/python3"};
    for (const std::string& candidate : candidates) {
        if (!candidate.empty() && can_draw(candidate)) {
            return candidate;
        }
    }
    return {};
}

/// Becomes `command`, so that its output, exit status and Ctrl-C are those of this verb.
[[noreturn]] void become(const std::vector<std::string>& command) {
    std::vector<char*> words;
    for (const std::string& word : command) {
        words.push_back(const_cast<char*>(word.c_str()));  // execvp changes none of them
    }
    words.push_back(nullptr);
    std::fflush(nullptr);
    ::execvp(words.front(), words.data());
    throw failure(fmt::format("cannot start {}: {}", command.front(), std::strerror(errno)));
}

}  // namespace

int become_plots_program(const std::vector<std::string>& arguments, const char* what) {
    const std::filesystem::path package = source_folder() / "plots";
    if (!std::filesystem::exists(package / "regatta_plots")) {
        throw failure(
            fmt::format("no {}: the source tree's folder {} is gone", what, package.string()));
    }
    const char* named = std::getenv("REGATTA_PYTHON");
    const std::string python = find_python(named);
    if (python.empty()) {
        fmt::print(stderr, "no {}: {}\n", what,
                   named != nullptr
                       ? fmt::format("REGATTA_PYTHON={} is no Python 3.11 or newer with "
                                     "matplotlib and numpy",
                                     named)
                       : "no python3 has matplotlib and numpy; install python3-matplotlib, or "
                         "name an interpreter in REGATTA_PYTHON");
        return status_lacks_python;
    }
    const char* path = std::getenv("PYTHONPATH");
    const std::string search =
        package.string() + (path == nullptr || *path == '\0' ? "" : ":" + std::string(path));
    ::setenv("PYTHONPATH", search.c_str(), 1);
    std::vector<std::string> command{python, "-m", "regatta_plots"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    become(command);
}

}  // namespace regatta::cli
