#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Limits of the system that this process reached while it served: the `done` line tells them, so
/// that what then went wrong has a reason.
namespace regatta {

/// accept() failed with `error` (EMFILE and the like). From any thread.
void note_accept_limit(int error) noexcept;

/// pthread_create() failed with `error` while `running` connections had their thread. From any
/// thread; the first one counts.
void note_thread_limit(int error, std::size_t running) noexcept;

/// How many tasks a cgroup allows, and the file that says so.
struct task_limit {
    std::string file;
    std::uint64_t tasks;
};

/// The tightest limit among the cgroups that `memberships`, the text of /proc/PID/cgroup, names and
/// those above them, for cgroups mounted at `mounted`; nothing where none is set.
std::optional<task_limit> cgroup_task_limit(const std::string& memberships,
                                            const std::filesystem::path& mounted);

/// What limits how many threads there can be, with the values: a piece of a sentence.
std::string limits_in_the_way();

/// A sentence for each limit noted: which, its value, how to raise it.
std::vector<std::string> reached_limits();

}  // namespace regatta
