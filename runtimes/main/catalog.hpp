#pragma once

#include <limits>
#include <span>
#include <string_view>

#include "runtimes/main/job_source.hpp"
#include "runtimes/main/session_source.hpp"

namespace regatta {

/// One workload as a runtime's program knows it.
template <runtime Runtime>
struct catalog_entry {
    std::string_view name;
    workload_kind kind;
    std::span<const parameter> parameters;
    bool has_backend = false;
    std::int64_t workers_max = std::numeric_limits<std::int64_t>::max();
    /// One of the two, by its kind; neither where the runtime lacks verbs that it needs.
    session_source_maker<Runtime> sessions = nullptr;
    job_source_maker<Runtime> job = nullptr;

    bool is_supported() const { return sessions != nullptr || job != nullptr; }
};

/// All workloads of the tree on `Runtime`. Defined in program.cpp, which is compiled once for each
/// runtime: the one place where workloads meet their runtime.
template <runtime Runtime>
std::span<const catalog_entry<Runtime>> catalog();

/// The entry named `name`, or nullptr.
template <runtime Runtime>
const catalog_entry<Runtime>* find_in_catalog(std::string_view name) {
    for (const catalog_entry<Runtime>& each : catalog<Runtime>()) {
        if (each.name == name) {
            return &each;
        }
    }
    return nullptr;
}

}  // namespace regatta
