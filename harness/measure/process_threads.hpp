#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/types.h>

namespace regatta {

/// The threads of `pid` now, the first one first; none when it has ended.
inline std::vector<pid_t> thread_ids(pid_t pid) {
    std::vector<pid_t> ids;
    std::error_code none;  // the process may end at any moment
    for (std::filesystem::directory_iterator each(fmt::format("/proc/{}/task", pid), none), last;
         !none && each != last; each.increment(none)) {
        ids.push_back(static_cast<pid_t>(std::stol(each->path().filename().string())));
    }
    return ids;
}

}  // namespace regatta
