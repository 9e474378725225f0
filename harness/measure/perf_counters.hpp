#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>
#include <nlohmann/json.hpp>

namespace regatta {

/// Counts events of a running process from its making: one kernel counter for each event and thread
/// that there is, which threads born later inherit (perf_event_open(2) counts threads, and inherits
/// only to those that are yet to come). Instructions, cycles and cache misses need counters in the
/// processor; context switches are counted by the kernel itself.
class perf_meter {
public:
    explicit perf_meter(pid_t pid);
    ~perf_meter();
    perf_meter(const perf_meter&) = delete;
    perf_meter& operator=(const perf_meter&) = delete;

    /// The window begins.
    void begin();
    /// `server.perf` of results/FORMAT.md: the counts since begin(), null where there are none, and
    /// why.
    nlohmann::json stop() const;

private:
    struct event {
        const char* name;
        std::uint32_t type;
        std::uint64_t config;
        std::vector<int> descriptors = {};
        std::optional<double> at_begin = {};
        std::string obstacle = {};
    };
    /// Opens `each` for the threads; on failure none, and its obstacle says why.
    void open(event& each, const std::vector<pid_t>& threads);
    static std::optional<double> read(const event& each);

    std::vector<event> events_;
    bool is_user_only_ = false;
};

}  // namespace regatta
