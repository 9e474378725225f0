#include "harness/plan/expand.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/failure.hpp"
#include "harness/plan/filter.hpp"

namespace regatta {
namespace {

bool is_among(const std::vector<std::string>& patterns, const runtime_entry& runtime) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return filter(pattern).matches_whole(runtime.name);
    });
}

bool is_named(const suite_entry& entry, const runtime_entry& runtime) {
    return std::find(entry.runtimes.begin(), entry.runtimes.end(), runtime.name) !=
           entry.runtimes.end();
}

bool is_wanted(const suite_entry& entry, const runtime_entry& runtime) {
    if (!entry.runtimes.empty()) {
        return is_among(entry.runtimes, runtime);
    }
    if (runtime.is_reference_only || !entry.usual_runtimes) {
        return !runtime.is_reference_only;
    }
    return entry.usual_runtimes->empty() ? runtime.is_in_suites
                                         : is_among(*entry.usual_runtimes, runtime);
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

/// Refuses two loads for one benchmark, and arrivals that contradict the user's pattern.
void settle_load(const suite_entry& entry, benchmark& made) {
    const auto loads =
        std::count_if(entry.axes.begin(), entry.axes.end(),
                      [](const axis& each) { return is_pattern_parameter(each.parameter); }) +
        (made.rate_per_s != 0) + (made.load_percent != 0);
    if (loads > 1) {
        throw usage_failure(
            fmt::format("{}: give one of rate_per_s, load_percent, steps and bursts", made.name()));
    }
    const std::string_view word = arrival_words[static_cast<std::size_t>(made.arrivals)];
    if (!made.pattern || word == "poisson") {
        return;
    }
    if (word == made.pattern->parameter) {
        made.arrivals = arrivals_parameter.fallback;  // says what the pattern says already
    } else if (made.pattern->parameter == bursts_parameter || word != "constant") {
        throw usage_failure(fmt::format("{} = {}: arrivals cannot be {} beside it; {}",
                                        made.pattern->parameter, made.pattern->text, word,
                                        made.pattern->parameter == bursts_parameter
                                            ? "leave it out"
                                            : "write poisson or constant, for within a step"));
    }
}

}  // namespace

std::vector<benchmark> expand(const suite_entry& entry, const std::vector<runtime_entry>& runtimes,
                              std::map<std::string, std::string>& notes) {
    std::vector<const runtime_entry*> able;
    for (const runtime_entry& runtime : runtimes) {
        if (!is_wanted(entry, runtime)) {
            continue;
        }
        const workload_support support = runtime.support_of(entry.workload->name);
        if (support.supported) {
            able.push_back(&runtime);
        } else if (runtime.is_available() && !is_named(entry, runtime) &&
                   runtime.workloads.count(entry.workload->name) == 0) {
            // It never offered to, and nobody asked it: no news.
        } else if (runtime.is_available()) {
            notes[runtime.name] = fmt::format("{} is left out of {}: {}", runtime.name,
                                              entry.workload->name, support.reason);
        } else {
            notes[runtime.name] = fmt::format("{} is left out: {}", runtime.name, support.reason);
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
            settle_load(entry, next);
            made.push_back(std::move(next));
        }
    }
    return made;
}

}  // namespace regatta
