#include "harness/plan/selection.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/failure.hpp"
#include "harness/plan/expand.hpp"
#include "harness/plan/filter.hpp"
#include "harness/plan/nearest.hpp"
#include "harness/plan/parameter_value.hpp"
#include "harness/plan/split.hpp"

namespace regatta {
namespace {

constexpr const char* default_suite = "standard";

using runtime_list = std::vector<runtime_entry>;
using overrides = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> workload_names() {
    std::vector<std::string> names;
    for (const workload_info& each : all_workload_info()) {
        names.push_back(each.name);
    }
    return names;
}

std::vector<std::string> runtime_names(const runtime_list& runtimes) {
    std::vector<std::string> names;
    for (const runtime_entry& each : runtimes) {
        names.push_back(each.name);
    }
    return names;
}

/// Replaces the axes of `entry` that `changes` names and that its benchmarks have.
void apply_overrides(suite_entry& entry, const overrides& changes, const runtime_list& runtimes) {
    for (const auto& [name, value] : changes) {
        const bool is_taken =
            std::any_of(runtimes.begin(), runtimes.end(), [&](const runtime_entry& runtime) {
                return has_parameter(default_benchmark(*entry.workload, runtime), name);
            });
        if (!is_taken) {
            continue;
        }
        std::erase_if(entry.axes, [&, &name = name](const axis& each) {
            return each.parameter == name ||
                   (is_load_parameter(name) && is_load_parameter(each.parameter));
        });
        const bool is_whole = is_pattern_parameter(name) || name == injection_parameter;
        entry.axes.push_back({name, is_whole ? std::vector{value} : split(value, ',')});
    }
}

/// Whether `kept` may match benchmarks of `workload`: as far as their names are known without
/// parameters.
bool may_keep(const filter& kept, const workload_info& workload, const runtime_list& runtimes) {
    return std::any_of(runtimes.begin(), runtimes.end(), [&](const runtime_entry& each) {
        return kept.matches(workload.name + "/" + each.name + "/");
    });
}

/// Whether `kept` keeps what `runtime` would run of a workload, which others run as `theirs`.
bool would_keep(const filter& kept, const workload_info& workload, const std::string& runtime,
                const std::vector<benchmark>& theirs) {
    const std::string begin = fmt::format("{}/{}", workload.name, runtime);
    return theirs.empty() ? kept.matches(begin + "/")
                          : std::any_of(theirs.begin(), theirs.end(), [&](const benchmark& each) {
                                const std::string name = each.name();
                                return kept.matches(
                                    begin + name.substr(name.find('/', workload.name.size() + 1)));
                            });
}

/// Expands `entries`, keeps what `kept` matches, each once: what several name is measured for the
/// longest time that one of them gives.
void expand_into(selection& chosen, std::vector<suite_entry> entries,
                 const selection_request& request, const std::optional<filter>& kept,
                 const runtime_list& runtimes) {
    std::set<std::string> all_notes;
    std::set<std::string> notes;  // on what the filter would keep
    std::map<std::string, std::size_t> places;
    for (suite_entry& entry : entries) {
        std::vector<benchmark> expanded;
        std::map<std::string, std::string> notes_here;
        try {
            apply_overrides(entry, request.overrides, runtimes);
            expanded = expand(entry, runtimes, notes_here);
        } catch (const failure&) {
            // A value that suits what was asked for need not suit the rest of the suite.
            if (!kept || may_keep(*kept, *entry.workload, runtimes)) {
                throw;
            }
        }
        for (const auto& [runtime, note] : notes_here) {
            all_notes.insert(note);
            if (!kept || would_keep(*kept, *entry.workload, runtime, expanded)) {
                notes.insert(note);
            }
        }
        for (benchmark& each : expanded) {
            each.measure_s = entry.measure_s;
            const std::string name = each.name();
            if (kept && !kept->matches(name)) {
                continue;
            }
            const auto [at, is_new] = places.try_emplace(name, chosen.benchmarks.size());
            if (is_new) {
                chosen.benchmarks.push_back(std::move(each));
            } else if (each.measure_s) {
                std::optional<double>& seconds = chosen.benchmarks[at->second].measure_s;
                seconds = std::max(seconds.value_or(0), *each.measure_s);
            }
        }
    }
    if (chosen.benchmarks.empty()) {
        notes = std::move(all_notes);  // they may say why
    }
    chosen.notes.assign(notes.begin(), notes.end());
}

/// Every workload with its defaults on every runtime, those for testing the harness included.
std::vector<suite_entry> default_entries() {
    std::vector<suite_entry> entries;
    for (const workload_info& each : all_workload_info()) {
        entries.push_back({&each, {".*"}, {}});
    }
    return entries;
}

/// `workload/RUNTIME/param:value...` as an entry, where RUNTIME is a regular expression on the
/// whole name; nothing when `text` has another form. Throws when a parameter or value is wrong.
std::optional<suite_entry> entry_of_name(const std::string& text, const runtime_list& runtimes) {
    const std::vector<std::string> parts = split(text, '/');
    const workload_info* workload = find_workload(parts.front());
    if (workload == nullptr || parts.size() < 3) {
        return std::nullopt;
    }
    suite_entry entry{workload, {parts[1]}, {}};
    const filter wanted(parts[1]);
    for (std::size_t i = 2; i < parts.size(); ++i) {
        const std::size_t colon = parts[i].find(':');
        if (colon == std::string::npos || colon == 0) {
            return std::nullopt;
        }
        entry.axes.push_back({parts[i].substr(0, colon), {parts[i].substr(colon + 1)}});
    }
    for (const runtime_entry& runtime : runtimes) {
        if (!wanted.matches_whole(runtime.name)) {
            continue;
        }
        const benchmark target = default_benchmark(*workload, runtime);
        for (const axis& each : entry.axes) {
            if (!has_parameter(target, each.parameter)) {
                std::vector<std::string> names;
                for (const parameter& known : common_parameters(*workload)) {
                    names.emplace_back(known.name);
                }
                for (const runtime_parameter& known : runtime.parameters) {
                    names.push_back(known.name);
                }
                throw usage_failure(fmt::format("{}/{} has no parameter '{}'; it has: {}",
                                                workload->name, runtime.name, each.parameter,
                                                nearest_first(each.parameter, names)));
            }
        }
    }
    return entry;
}

[[noreturn]] void refuse_empty(const std::string& what, const selection& chosen,
                               const runtime_list& runtimes) {
    const std::vector<std::string> parts = split(what, '/');
    for (const runtime_entry& each : runtimes) {
        const bool is_named = std::find(parts.begin(), parts.end(), each.name) != parts.end();
        if (is_named && each.state == runtime_entry::status::unavailable) {
            throw failure(fmt::format("{} cannot run here: {}", each.name, each.reason));
        }
        if (is_named && find_workload(parts.front()) != nullptr &&
            !each.support_of(parts.front()).supported) {
            throw failure(fmt::format("{} is left out of {}: {}", each.name, parts.front(),
                                      each.support_of(parts.front()).reason));
        }
    }
    for (const std::string& note : chosen.notes) {
        for (const std::string& part : parts) {
            if (!part.empty() && note.rfind(part + " is left out of " + parts.front(), 0) == 0) {
                throw failure(note);
            }
        }
    }
    const std::string second = parts.size() > 1 ? parts[1] : parts.front();
    std::vector<std::string> everything = workload_names();
    const std::vector<std::string> boats = runtime_names(runtimes);
    const std::vector<std::string> suites = suite_names();
    everything.insert(everything.end(), boats.begin(), boats.end());
    everything.insert(everything.end(), suites.begin(), suites.end());
    std::string best = nearest(parts.front(), everything);
    if (best.empty() || best == parts.front()) {
        best = nearest(second, boats);
    }
    const bool is_news = !best.empty() && best != parts.front() && best != second;
    throw usage_failure(
        fmt::format("no benchmark matches '{}'{}; workloads: {}; runtimes: {}; suites: {}", what,
                    is_news ? fmt::format(": did you mean '{}'?", best) : "",
                    nearest_first(parts.front(), workload_names()), nearest_first(second, boats),
                    nearest_first(parts.front(), suites)));
}

void refuse_unused_overrides(const selection& chosen, const overrides& changes) {
    for (const auto& [name, value] : changes) {
        std::set<std::string> names;
        bool is_used = false;
        for (const benchmark& each : chosen.benchmarks) {
            is_used = is_used || has_parameter(each, name);
            for (const parameter& known : common_parameters(*each.workload)) {
                names.emplace(known.name);
            }
            for (const runtime_parameter& known : each.runtime->parameters) {
                names.insert(known.name);
            }
        }
        if (!is_used) {
            throw usage_failure(
                fmt::format("none of these benchmarks has a parameter '{}'; there "
                            "are: {}",
                            name, nearest_first(name, {names.begin(), names.end()})));
        }
    }
}

/// A benchmark that runs at full speed among others that are slowed would mislead.
void refuse_what_cannot_be_slowed(const selection& chosen, const overrides& changes) {
    const bool is_asked = std::any_of(changes.begin(), changes.end(), [](const auto& each) {
        return each.first == injection_parameter;
    });
    for (const benchmark& each : chosen.benchmarks) {
        if (is_asked && each.injection.empty()) {
            throw usage_failure(fmt::format(
                "{} cannot be slowed on purpose: its program takes no --inject; leave it out",
                each.runtime->name));
        }
    }
}

}  // namespace

selection select(const selection_request& request, const runtime_list& runtimes) {
    selection chosen;
    const auto file = find_suite(request.what);
    if (file) {
        chosen.timing = read_suite(*file, runtimes);
        chosen.suite_name = chosen.timing.name;
        chosen.filter = request.filter;
        for (suite_entry& each : chosen.timing.entries) {
            each.usual_runtimes = chosen.timing.runtimes;
        }
        std::optional<filter> kept;
        if (request.filter) {
            kept.emplace(*request.filter);
        }
        expand_into(chosen, chosen.timing.entries, request, kept, runtimes);
    } else if (request.filter) {
        throw usage_failure(fmt::format("'{}' is no suite; the suites are: {} (or a TOML file)",
                                        request.what, nearest_first(request.what, suite_names())));
    } else {
        chosen.filter = request.what;
        const filter kept(request.what);
        if (const auto standard = find_suite(default_suite)) {
            chosen.timing = read_suite(*standard, runtimes);
            expand_into(chosen, chosen.timing.entries, request, kept, runtimes);
        }
        if (chosen.benchmarks.empty()) {
            expand_into(chosen, default_entries(), request, kept, runtimes);
        }
        if (chosen.benchmarks.empty()) {
            if (auto entry = entry_of_name(request.what, runtimes)) {
                expand_into(chosen, {std::move(*entry)}, request, std::nullopt, runtimes);
            }
        }
    }
    if (chosen.benchmarks.empty()) {
        refuse_empty(request.filter.value_or(request.what), chosen, runtimes);
    }
    refuse_what_cannot_be_slowed(chosen, request.overrides);
    refuse_unused_overrides(chosen, request.overrides);
    return chosen;
}

}  // namespace regatta
