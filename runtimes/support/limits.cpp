#include "runtimes/support/limits.hpp"

#include <fmt/core.h>
#include <sys/resource.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <sstream>

namespace regatta {
namespace {

// Only codes are kept at the time: without descriptors, the settings' files cannot be read.
std::atomic<int> accept_error{0};
std::atomic<int> thread_error{0};
std::atomic<std::size_t> threads_running{0};

std::string limit_of(decltype(RLIMIT_NOFILE) resource) {
    rlimit limit{};
    ::getrlimit(resource, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_cur);
}

std::string setting(const std::string& name) {
    std::string file = "/proc/sys/" + name;
    file[file.rfind('.')] = '/';
    std::string value = "unknown";
    std::ifstream(file) >> value;
    return name + " = " + value;
}

/// A piece of a list, empty where no cgroup limits the tasks: most often it is the tightest limit.
std::string task_limit_of_cgroups() {
    std::ifstream file("/proc/self/cgroup");
    std::stringstream memberships;
    memberships << file.rdbuf();
    const auto limit = cgroup_task_limit(memberships.str(), "/sys/fs/cgroup");
    return limit ? fmt::format("{} = {}, ", limit->file, limit->tasks) : "";
}

}  // namespace

std::optional<task_limit> cgroup_task_limit(const std::string& memberships,
                                            const std::filesystem::path& mounted) {
    std::optional<task_limit> tightest;
    std::istringstream lines(memberships);
    for (std::string line; std::getline(lines, line);) {
        // cgroups(7): hierarchy-ID:controller-list:cgroup-path; version 2 has no controllers there.
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const std::string controllers = line.substr(first + 1, second - first - 1);
        if (!controllers.empty() && controllers != "pids") {
            continue;
        }
        const std::filesystem::path root = controllers.empty() ? mounted : mounted / "pids";
        // The limit of a cgroup holds for those below it as well; in a container the outermost one
        // that can be seen is the container's own.
        std::filesystem::path cgroup =
            std::filesystem::path(line.substr(second + 1)).relative_path();
        for (bool is_outermost = false; !is_outermost; cgroup = cgroup.parent_path()) {
            is_outermost = cgroup.empty();
            const std::filesystem::path file = root / cgroup / "pids.max";
            std::uint64_t tasks = 0;
            if (std::ifstream(file) >> tasks && (!tightest || tasks < tightest->tasks)) {
                tightest = {file, tasks};
            }
        }
    }
    return tightest;
}

void note_accept_limit(int error) noexcept {
    accept_error = error;
}

void note_thread_limit(int error, std::size_t running) noexcept {
    int none = 0;
    if (thread_error.compare_exchange_strong(none, error)) {
        threads_running = running;
    }
}

std::string limits_in_the_way() {
    return fmt::format(
        "raise what is in the way: {}{}, {}, {} (two a thread), ulimit -u {}, ulimit -v {}, "
        "ulimit -n {}",
        task_limit_of_cgroups(), setting("kernel.pid_max"), setting("kernel.threads-max"),
        setting("vm.max_map_count"), limit_of(RLIMIT_NPROC), limit_of(RLIMIT_AS),
        limit_of(RLIMIT_NOFILE));
}

std::vector<std::string> reached_limits() {
    std::vector<std::string> reached;
    if (const int error = accept_error) {
        reached.push_back(fmt::format(
            "connections had to wait: accept: {}: RLIMIT_NOFILE is {} (raise it with ulimit -n, as "
            "root up to {}), {}",
            std::strerror(error), limit_of(RLIMIT_NOFILE), setting("fs.nr_open"),
            setting("fs.file-max")));
    }
    if (const int error = thread_error) {
        reached.push_back(
            fmt::format("connections were closed: no thread for more than {} of them: {}; {}",
                        threads_running.load(), std::strerror(error), limits_in_the_way()));
    }
    return reached;
}

}  // namespace regatta
