#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>
#include <nlohmann/json.hpp>

namespace regatta {

/// What the scheduler has counted of a thread since its birth, in ns (/proc/PID/task/TID/schedstat;
/// of a thread that runs right now as of the last clock tick, 1 to 10 ms ago).
struct thread_times {
    std::int64_t worked_ns = 0;  ///< on a CPU
    std::int64_t waited_ns = 0;  ///< ready, while the CPU ran something else
};

/// Nothing for a text of another form.
std::optional<thread_times> parse_schedstat(std::string_view text);

/// Watches where the time of a process's threads goes, from its making to stop(). Beyond 64
/// threads it looks at 64 of them, evenly chosen: to read thousands of files would disturb the
/// window that is measured. Works for every program: nothing of it is asked.
class thread_meter {
public:
    explicit thread_meter(pid_t pid);

    /// `server.threads` of results/FORMAT.md; null when nothing can be read. Threads that were born
    /// meanwhile count from their birth, those that ended not at all.
    nlohmann::json stop() const;

private:
    struct look {
        std::size_t threads = 0;  ///< that there are
        std::map<pid_t, thread_times> times;
    };
    look look_at(const std::map<pid_t, thread_times>* before) const;

    pid_t pid_;
    std::chrono::steady_clock::time_point begin_time_;
    look begin_;
};

}  // namespace regatta
