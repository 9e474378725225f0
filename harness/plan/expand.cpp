#include "harness/plan/expand.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/plan/filter.hpp"

namespace regatta {
namespace {

bool is_wanted(const suite_entry& entry, const runtime_entry& runtime) {
    if (entry.runtimes.empty()) {
        return !runtime.is_reference_only;
    }
    return std::any_of(
        entry.runtimes.begin(), entry.runtimes.end(),
        [&](const std::string& pattern) { return filter(pattern).matches_whole(runtime.name); });
}

/// The axes in the order of the parameters in a name, so that suites and names count alike.
std::vector<axis> ordered_axes(const suite_entry& entry) {
    std::vector<axis> axes;
    std::vector<axis> rest = entry.axes;
    for (const parameter& each : common_parameters(*entry.workload)) {
        const auto at = std::find_if(rest.begin(), rest.end(), [&](const axis& candidate) {
            return candidate.parameter == each.name;
        });
        if (at != rest.end()) {
            axes.push_back(*at);
            rest.erase(at);
        }
    }
    axes.insert(axes.end(), rest.begin(), rest.end());
    return axes;
}

}  // namespace

std::vector<benchmark> expand(const suite_entry& entry, const std::vector<runtime_entry>& runtimes,
                              std::set<std::string>& notes) {
    std::vector<const runtime_entry*> able;
    for (const runtime_entry& runtime : runtimes) {
        if (!is_wanted(entry, runtime)) {
            continue;
        }
        const workload_support support = runtime.support_of(entry.workload->name);
        if (support.supported) {
            able.push_back(&runtime);
        } else if (runtime.is_available()) {
            notes.insert(fmt::format("{} is left out of {}: {}", runtime.name, entry.workload->name,
                                     support.reason));
        } else {
            notes.insert(fmt::format("{} is left out: {}", runtime.name, support.reason));
        }
    }
    const std::vector<axis> axes = ordered_axes(entry);
    std::size_t combinations = 1;
    for (const axis& each : axes) {
        combinations *= each.values.size();
    }
    std::vector<benchmark> made;
    for (std::size_t combination = 0; combination < combinations; ++combination) {
        for (const runtime_entry* runtime : able) {
            benchmark next = default_benchmark(*entry.workload, *runtime);
            std::size_t rest = combination;
            for (auto each = axes.rbegin(); each != axes.rend(); ++each) {
                const std::string& value = each->values[rest % each->values.size()];
                rest /= each->values.size();
                if (const auto refusal = assign(next, each->parameter, value)) {
                    throw usage_failure(fmt::format("{}: {}", next.name(), *refusal));
                }
            }
            if (next.rate_per_s != 0 && next.load_percent != 0) {
                throw usage_failure(
                    fmt::format("{}: give rate_per_s or load_percent, not both", next.name()));
            }
            made.push_back(std::move(next));
        }
    }
    return made;
}

}  // namespace regatta
