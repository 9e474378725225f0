#include "harness/server/program_build.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/server/child_process.hpp"
#include "harness/server/conversation.hpp"
#include "harness/server/manifest.hpp"

namespace regatta {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes build_deadline{5};

fs::path built_program(const std::string& name) {
    return program_folder() / "runtimes" / name / name;
}

std::vector<std::string> replaced(std::vector<std::string> command, const std::string& program) {
    for (std::string& word : command) {
        if (const auto at = word.find(program_placeholder); at != std::string::npos) {
            word.replace(at, program_placeholder.size(), program);
        }
    }
    return command;
}

bool is_current(const fs::path& program, const fs::path& folder) {
    std::error_code absent;
    const auto built_at = fs::last_write_time(program, absent);
    if (absent) {
        return false;
    }
    for (const auto& each : fs::recursive_directory_iterator(folder)) {
        if (each.is_regular_file() && each.last_write_time() > built_at) {
            return false;
        }
    }
    return true;
}

/// Held while it lives; the kernel lets go of it even when this process is killed.
class build_lock {
public:
    explicit build_lock(const fs::path& file)
        : descriptor_(::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
        while (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX) < 0 && errno == EINTR) {
        }
    }
    ~build_lock() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    build_lock(const build_lock&) = delete;
    build_lock& operator=(const build_lock&) = delete;

    bool is_held() const { return descriptor_ >= 0; }

private:
    int descriptor_;
};

/// Why `command` did not do its work, or nothing.
std::optional<std::string> run_build(const runtime_entry& entry, std::vector<std::string> command) {
    if (::isatty(STDERR_FILENO) == 1) {
        fmt::print(stderr, "building {}\n", entry.name);
    }
    child_process compiler({std::move(command), entry.folder, {}});
    compiler.close_input();
    wait_until({&compiler}, clock_type::now() + build_deadline, true,
               [&] { return compiler.has_ended(); });
    if (!compiler.has_ended()) {
        return fmt::format("its build took more than {} minutes", build_deadline.count());
    }
    if (!compiler.ending().is_success()) {
        return describe_end({compiler, "its build"});
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::string> with_program(std::vector<std::string> command, const std::string& name) {
    return replaced(std::move(command), built_program(name).string());
}

std::optional<std::string> build_program(const runtime_entry& entry,
                                         const std::vector<std::string>& build) {
    const fs::path program = built_program(entry.name);
    const fs::path unfinished = program.string() + ".unfinished";
    try {
        if (is_current(program, entry.folder)) {
            return std::nullopt;
        }
        fs::create_directories(program.parent_path());
        const build_lock lock(program.string() + ".lock");
        if (!lock.is_held()) {
            return fmt::format("cannot build in {}: {}", program.parent_path().string(),
                               std::strerror(errno));
        }
        if (is_current(program, entry.folder)) {
            return std::nullopt;  // somebody else has built it meanwhile
        }
        if (const auto complaint = run_build(entry, replaced(build, unfinished.string()))) {
            return complaint;
        }
        fs::last_write_time(unfinished, fs::file_time_type::clock::now());
        fs::rename(unfinished, program);
    } catch (const fs::filesystem_error& error) {
        return fmt::format("its build: {}", error.what());
    } catch (const failure& error) {
        return fmt::format("its build: {}", error.what());
    }
    return std::nullopt;
}

}  // namespace regatta
