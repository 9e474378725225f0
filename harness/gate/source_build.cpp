#include "harness/gate/source_build.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/gate/side.hpp"
#include "harness/server/child_process.hpp"

namespace regatta::gate {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// A whole build may take long; a child that hangs must still end.
constexpr auto tool_deadline = 2h;
constexpr std::size_t lines_kept = 200;

struct tool_result {
    bool is_success = false;
    std::string ending;
    std::vector<std::string> lines;  ///< the last of its standard output
    std::string error_line;          ///< the last of its standard error
};

tool_result run_tool(const std::vector<std::string>& command, const fs::path& folder,
                     bool heeds_interrupt = true) {
    child_process tool({command, folder, {}});
    tool.close_input();
    tool_result result;
    const auto take_lines = [&] {
        while (auto line = tool.next_line()) {
            result.lines.push_back(std::move(*line));
            if (result.lines.size() > lines_kept) {
                result.lines.erase(result.lines.begin());
            }
        }
        return tool.has_ended();
    };
    const auto deadline = clock_type::now() + tool_deadline;
    if (wait_until({&tool}, deadline, heeds_interrupt, take_lines) == wait_result::deadline) {
        tool.kill();
    }
    take_lines();
    result.is_success = tool.ending().is_success();
    result.ending = tool.ending().describe();
    result.error_line = tool.last_error_line();
    return result;
}

/// The line that most likely says what went wrong.
std::string complaint_of(const tool_result& result) {
    for (const std::string& line : result.lines) {
        if (line.find("error") != std::string::npos || line.find("Error") != std::string::npos) {
            return line;
        }
    }
    return result.error_line.empty() ? result.ending : result.error_line;
}

void run_or_throw(const std::string& step, const std::vector<std::string>& command,
                  const fs::path& folder) {
    const tool_result result = run_tool(command, folder);
    if (!result.is_success) {
        throw failure(fmt::format("cannot {}: {}", step, complaint_of(result)));
    }
}

}  // namespace

source_build::source_build(const fs::path& source, const std::string& reference,
                           const fs::path& like, const std::vector<std::string>& runtimes,
                           void (*said)(const std::string& step))
    : source_(source) {
    std::string pattern = (fs::temp_directory_path() / "regatta-gate-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw failure(fmt::format("cannot make {}: {}", pattern, std::strerror(errno)));
    }
    scratch_ = pattern;
    try {
        said(fmt::format("checking out {}", reference));
        check_out(reference);
        build(like, runtimes, said);
    } catch (...) {
        clean_up();
        throw;
    }
}

source_build::~source_build() {
    clean_up();
}

void source_build::check_out(const std::string& reference) {
    const tool_result found = run_tool(
        {"git", "rev-parse", "--verify", "--quiet", "--end-of-options", reference + "^{commit}"},
        source_);
    if (!found.is_success || found.lines.empty()) {
        throw usage_failure(fmt::format(
            "--base-ref {}: git knows no such commit in {}{}; a shallow clone has only its last",
            reference, source_.string(), found.error_line.empty() ? "" : ": " + found.error_line));
    }
    commit_ = found.lines.front();
    run_or_throw(fmt::format("check out {}", reference),
                 {"git", "worktree", "add", "--detach", "--quiet", tree().string(), commit_},
                 source_);
}

void source_build::build(const fs::path& like, const std::vector<std::string>& runtimes,
                         void (*said)(const std::string& step)) const {
    std::vector<std::string> configure{
        "cmake", "-S", tree().string(), "-B", folder().string(), "-DREGATTA_TESTS=OFF"};
    const std::string generator = cache_variable(like, "CMAKE_GENERATOR");
    if (!generator.empty()) {
        configure.insert(configure.end(), {"-G", generator});
    }
    for (const char* name :
         {"CMAKE_BUILD_TYPE", "CMAKE_CXX_COMPILER", "CMAKE_CXX_FLAGS", "REGATTA_SANITIZE"}) {
        const std::string value = cache_variable(like, name);
        if (!value.empty()) {
            configure.push_back(fmt::format("-D{}={}", name, value));
        }
    }
    said("configuring it");
    run_or_throw("configure the base", configure, source_);
    // `help` lists what there is: the base may lack a runtime that the head has.
    const tool_result targets =
        run_tool({"cmake", "--build", folder().string(), "--target", "help"}, source_);
    std::vector<std::string> command{"cmake", "--build", folder().string(), "--parallel",
                                     "--target"};
    const std::size_t words = command.size();
    for (const std::string& name : runtimes) {
        const std::string target = "runtime_" + name;
        if (std::any_of(targets.lines.begin(), targets.lines.end(), [&](const std::string& line) {
                return line == target + ": phony" || line == "... " + target;
            })) {
            command.push_back(target);
        }
    }
    if (command.size() != words) {
        said("building it");
        run_or_throw("build the base", command, source_);
    }
}

void source_build::clean_up() noexcept {
    try {
        // Asked to stop, too: nothing is left behind.
        run_tool({"git", "worktree", "remove", "--force", tree().string()}, source_, false);
        fs::remove_all(scratch_);
        run_tool({"git", "worktree", "prune"}, source_, false);
    } catch (const std::exception& error) {
        fmt::print(stderr, "regatta: cannot remove {}: {}\n", scratch_.string(), error.what());
    }
}

}  // namespace regatta::gate
