#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "harness/cli/markdown.hpp"
#include "harness/cli/progress.hpp"
#include "harness/cli/trial_options.hpp"
#include "harness/cli/verb.hpp"
#include "harness/plan/filter.hpp"
#include "harness/server/conformance.hpp"
#include "harness/server/interrupt.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace {

using namespace regatta;
using namespace std::chrono_literals;

constexpr const char* verify_examples =
    R"(Exchanges checked requests for a moment, compares what both sides counted, and checks the answers of
jobs. Measures nothing. Exit status: 0 all answer rightly, 1 one does not, 2 usage.

Examples:
  regatta verify                        every workload on every runtime
  regatta verify echo                   one workload
  regatta verify --runtime ~/mine       one folder: the contract, then all that it offers
  regatta verify echo --connections 100 --set size=1048576)";

constexpr auto longest_window = 10s;

struct verify_options {
    std::string filter = ".*";
    std::optional<std::string> runtime_folder;
    cli::trial_options trials;
};

/// One cell of the matrix.
struct check {
    const workload_info* workload;
    const runtime_entry* runtime;
    benchmark arm;
    std::string result;  ///< "OK", "-" or "FAIL"
    std::string reason;  ///< unless OK
};

/// Every pair that the filter matches by the name with defaults, whether it can run or not.
/// Runtimes that exist to test the harness are taken when the filter says their name.
std::vector<check> matching_pairs(const verify_options& options,
                                  const std::vector<runtime_entry>& runtimes) {
    const filter wanted(options.filter);
    std::vector<check> checks;
    for (const workload_info& workload : all_workload_info()) {
        for (const runtime_entry& runtime : runtimes) {
            const benchmark arm = default_benchmark(workload, runtime);
            const bool is_named = options.filter.find(runtime.name) != std::string::npos;
            if (wanted.matches(arm.name()) && (is_named || !runtime.is_reference_only)) {
                checks.push_back({&workload, &runtime, arm, "", ""});
            }
        }
    }
    if (checks.empty()) {
        // A suite, a name with other values, or nothing: then this throws and says so.
        std::set<std::pair<const workload_info*, const runtime_entry*>> seen;
        for (const benchmark& arm : select({options.filter, {}, {}}, runtimes).benchmarks) {
            if (seen.insert({arm.workload, arm.runtime}).second) {
                checks.push_back({arm.workload, arm.runtime, arm, "", ""});
            }
        }
    }
    return checks;
}

void apply_overrides(std::vector<check>& checks, const verify_options& options) {
    constexpr std::int64_t few_connections = 3;
    for (check& each : checks) {
        each.arm.connections = std::min(each.arm.connections, few_connections);
    }
    for (const auto& [name, value] : cli::overrides_of(options.trials)) {
        bool is_used = false;
        for (check& each : checks) {
            if (has_parameter(each.arm, name)) {
                is_used = true;
                if (const auto refusal = assign(each.arm, name, value)) {
                    throw usage_failure(*refusal);
                }
            }
        }
        if (!is_used) {
            throw usage_failure(fmt::format("none of these benchmarks has a parameter '{}'", name));
        }
    }
}

void exchange(check& each, const trial_settings& settings) {
    const workload_support support = each.runtime->support_of(each.workload->name);
    if (!support.supported) {
        each.result = "-";
        each.reason = support.reason;
        return;
    }
    // An unsteady machine is no matter here: only errors, counters and answers are.
    trial_settings longer = settings;
    trial_result trial = run_trial(each.arm, longer);
    while (trial.is_window_empty && longer.measure < longest_window) {
        longer.measure *= 10;  // slow is not wrong
        trial = run_trial(each.arm, longer);
    }
    each.result = "OK";
    if (trial.record.at("status") == "ok" || trial.is_worth_repeating) {
        return;
    }
    each.result = "FAIL";
    for (const auto& reason : trial.record.at("reasons")) {
        each.reason += (each.reason.empty() ? "" : "; ") + reason.get<std::string>();
    }
}

void print_matrix(const std::vector<check>& checks) {
    std::vector<const runtime_entry*> columns;
    std::map<std::pair<const workload_info*, const runtime_entry*>, const check*> cells;
    std::vector<const workload_info*> lines;
    const auto add = [](auto& list, const auto* item) {
        if (std::find(list.begin(), list.end(), item) == list.end()) {
            list.push_back(item);
        }
    };
    for (const check& each : checks) {
        add(columns, each.runtime);
        add(lines, each.workload);
        cells[{each.workload, each.runtime}] = &each;
    }
    std::vector<std::vector<std::string>> rows{{"workload"}};
    for (const runtime_entry* runtime : columns) {
        rows.front().push_back(runtime->name);
    }
    for (const workload_info* workload : lines) {
        rows.push_back({workload->name});
        for (const runtime_entry* runtime : columns) {
            const auto cell = cells.find({workload, runtime});
            rows.back().push_back(cell == cells.end() ? "" : cell->second->result);
        }
    }
    fmt::print("{}", cli::markdown_table(rows));
    std::set<std::string> reasons;
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> missing;
    for (const check& each : checks) {
        if (each.result == "FAIL") {
            reasons.insert(fmt::format("- FAIL {}: {}", each.arm.name(), each.reason));
        } else if (each.result == "-" && !each.runtime->is_available()) {
            reasons.insert(fmt::format("- {}: {}", each.runtime->name, each.reason));
        } else if (each.result == "-") {
            missing[each.runtime->name].emplace_back(each.workload->name, each.reason);
        }
    }
    for (const auto& [runtime, all] : missing) {
        for (const auto& [names, reason] : cli::by_reason(all)) {
            reasons.insert(fmt::format("- {}, {}: {}", runtime, names, reason));
        }
    }
    for (const std::string& reason : reasons) {
        fmt::print("{}{}\n", reason == *reasons.begin() ? "\n" : "", reason);
    }
}

bool is_any_failed(const std::vector<check>& checks) {
    return std::any_of(checks.begin(), checks.end(),
                       [](const check& each) { return each.result == "FAIL"; });
}

/// Everything that `runtime` offers: as others are verified, and with several requests in flight on
/// each connection, where its clients do that.
std::vector<check> offered_by(const runtime_entry& runtime, const std::string& expression) {
    constexpr std::int64_t several = 4;
    const filter wanted(expression);
    std::vector<check> checks;
    for (const workload_info& workload : all_workload_info()) {
        if (!runtime.support_of(workload.name).supported) {
            continue;
        }
        benchmark arm = default_benchmark(workload, runtime);
        if (!wanted.matches(arm.name())) {
            continue;
        }
        checks.push_back({&workload, &runtime, arm, "", ""});
        const bool is_usual = arm.is_server() && !workload.load(arm.values).is_broadcast &&
                              workload.load(arm.values).requests_per_connection == 0;
        if (is_usual) {
            arm.depth = several;
            checks.push_back({&workload, &runtime, arm, "", ""});
        }
    }
    return checks;
}

void print_list(const std::vector<std::pair<std::string, std::string>>& lines) {
    std::vector<std::vector<std::string>> rows{{"check", "result", "why"}};
    for (const auto& [what, complaint] : lines) {
        rows.push_back({what, complaint.empty() ? "OK" : "FAIL", cli::cell(complaint)});
    }
    fmt::print("{}", cli::markdown_table(rows));
}

trial_settings settings_of(const verify_options& options, bool needs_generator) {
    trial_settings settings = cli::prepare_trials(options.trials, needs_generator);
    settings.placement = placement_mode::free;
    settings.warmup = 10ms;
    settings.measure = 100ms;
    return settings;
}

/// Exchanges for all of `checks`, one after the other; false when the user cut it short.
bool exchange_all(std::vector<check>& checks, const trial_settings& settings) {
    std::size_t done = 0;
    const cli::progress line(checks.size(), true);
    for (check& each : checks) {
        line.show(done++, each.arm.name());
        each.arm.values.rounds_per_us = settings.rounds_per_us;
        try {
            exchange(each, settings);
        } catch (const interrupted&) {
            return false;
        }
    }
    return true;
}

/// One runtime by its folder: the contract, then whatever it offers.
int verify_runtime(const verify_options& options) {
    const interrupt_guard guard;
    const runtime_entry runtime = find_runtime_in(*options.runtime_folder);
    std::vector<std::pair<std::string, std::string>> lines;
    bool is_kept = true;
    try {
        for (const conformance_check& each : check_contract(runtime)) {
            is_kept = is_kept && !each.complaint;
            lines.emplace_back(each.promise, each.complaint.value_or(""));
        }
    } catch (const interrupted&) {
        return interrupted_status();
    }
    std::vector<check> checks;
    if (runtime.is_available()) {
        checks = offered_by(runtime, options.filter);
        apply_overrides(checks, options);
    }
    if (!exchange_all(checks, settings_of(options, true))) {
        return interrupted_status();
    }
    for (const check& each : checks) {
        lines.emplace_back(each.arm.name(), each.reason);
    }
    print_list(lines);
    const bool is_whole = is_kept && !is_any_failed(checks);
    if (is_whole && checks.empty()) {
        throw failure(fmt::format("{} offers no workload that '{}' matches: nothing was verified",
                                  runtime.name, options.filter));
    }
    fmt::print("\n{}: {}\n", runtime.name,
               is_whole ? "keeps the contract, and all answers are right"
                        : "is not ready: see FAIL above");
    return is_whole ? 0 : 1;
}

int verify(const verify_options& options) {
    if (options.runtime_folder) {
        return verify_runtime(options);
    }
    const auto runtimes = find_runtimes(
        {options.trials.runtime_folders.begin(), options.trials.runtime_folders.end()});
    std::vector<check> checks = matching_pairs(options, runtimes);
    apply_overrides(checks, options);
    const bool needs_generator = std::any_of(
        checks.begin(), checks.end(), [](const check& each) { return each.arm.is_server(); });
    const interrupt_guard guard;
    if (!exchange_all(checks, settings_of(options, needs_generator))) {
        return interrupted_status();
    }
    print_matrix(checks);
    return is_any_failed(checks) ? 1 : 0;
}

const cli::registered_verb verify_verb(
    "verify", "does every runtime answer every workload rightly?", [](CLI::App& command) {
        auto options = std::make_shared<verify_options>();
        command.footer(verify_examples);
        command.add_option("FILTER", options->filter,
                           "which benchmarks, by name or suite (default all)");
        command
            .add_option("--runtime", options->runtime_folder,
                        "only the runtime in this folder, strictly")
            ->type_name("DIR");
        cli::declare(command, options->trials);
        return [options] { return verify(*options); };
    });

}  // namespace
