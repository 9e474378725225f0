#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta {

/// A parameter of a runtime, as its program describes it. One with `choices` takes a word; its
/// value is the word's index.
struct runtime_parameter {
    std::string name;
    std::string unit;
    std::string about;
    std::int64_t fallback = 0;
    std::int64_t minimum = 0;
    std::int64_t maximum = 0;
    std::vector<std::string> choices;
};

struct workload_support {
    bool supported = false;
    std::string reason;  ///< why not
};

/// Where a server listens that the harness has not started.
struct server_target {
    std::string address;  ///< numeric
    int port = 0;
};

/// A runtime that was found, whether it can run or not.
struct runtime_entry {
    enum class status {
        available,
        unavailable,  ///< this machine or build lacks something: its manifest or program says so
        broken,       ///< its manifest or program breaks the contract
    };

    std::string name;
    std::filesystem::path folder;
    std::vector<std::string> command;  ///< relative paths start at `folder`
    status state = status::available;
    std::string reason;          ///< one sentence unless available
    nlohmann::json description;  ///< what `describe` printed, or null
    bool is_reference_only = false;
    bool is_in_suites = true;             ///< else only in those that name it
    std::optional<server_target> target;  ///< a server that runs already: no program is known
    std::vector<runtime_parameter> parameters;
    std::map<std::string, workload_support> workloads;

    bool is_available() const { return state == status::available; }

    /// Whether it can serve `workload`. A broken runtime is given the chance to fail in a trial,
    /// where its failure is put on record.
    workload_support support_of(const std::string& workload) const {
        if (state == status::broken) {
            return {true, ""};
        }
        if (state == status::unavailable) {
            return {false, reason};
        }
        const auto found = workloads.find(workload);
        return found != workloads.end() ? found->second
                                        : workload_support{false, "its program does not offer it"};
    }
};

}  // namespace regatta
