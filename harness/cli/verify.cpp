#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "harness/cli/markdown.hpp"
#include "harness/cli/progress.hpp"
#include "harness/cli/trial_options.hpp"
#include "harness/cli/verb.hpp"
#include "harness/plan/filter.hpp"
#include "harness/server/interrupt.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace {

using namespace regatta;
using namespace std::chrono_literals;

constexpr const char* examples =
    R"(Exchanges checked requests for a moment, compares what both sides counted, and checks the answers of
jobs. Measures nothing. Exit status: 0 all answer rightly, 1 one does not, 2 usage.

Examples:
  regatta verify                        every workload on every runtime
  regatta verify echo                   one workload
  regatta verify /my_runtime/ --runtimes ~/my_runtimes
  regatta verify echo --connections 100 --set size=1048576)";

struct verify_options {
    std::string filter = ".*";
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
    const trial_result trial = run_trial(each.arm, settings);
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
    for (const check& each : checks) {
        if (each.result == "FAIL") {
            reasons.insert(fmt::format("- FAIL {}: {}", each.arm.name(), each.reason));
        } else if (each.result == "-") {
            reasons.insert(each.runtime->is_available()
                               ? fmt::format("- {}/{}: {}", each.workload->name, each.runtime->name,
                                             each.reason)
                               : fmt::format("- {}: {}", each.runtime->name, each.reason));
        }
    }
    for (const std::string& reason : reasons) {
        fmt::print("{}{}\n", reason == *reasons.begin() ? "\n" : "", reason);
    }
}

int verify(const verify_options& options) {
    const auto runtimes = find_runtimes(
        {options.trials.runtime_folders.begin(), options.trials.runtime_folders.end()});
    std::vector<check> checks = matching_pairs(options, runtimes);
    apply_overrides(checks, options);
    const bool needs_generator = std::any_of(
        checks.begin(), checks.end(), [](const check& each) { return each.arm.is_server(); });
    const interrupt_guard guard;
    trial_settings settings = cli::prepare_trials(options.trials, needs_generator);
    settings.placement = placement_mode::free;
    settings.warmup = 10ms;
    settings.measure = 100ms;
    std::size_t done = 0;
    {
        const cli::progress line(checks.size(), true);
        for (check& each : checks) {
            line.show(done++, each.arm.name());
            each.arm.values.rounds_per_us = settings.rounds_per_us;
            try {
                exchange(each, settings);
            } catch (const interrupted&) {
                return interrupted_status();
            }
        }
    }
    print_matrix(checks);
    return std::any_of(checks.begin(), checks.end(),
                       [](const check& each) { return each.result == "FAIL"; })
               ? 1
               : 0;
}

const cli::registered_verb verb("verify", "does every runtime answer every workload rightly?",
                                [](CLI::App& command) {
                                    auto options = std::make_shared<verify_options>();
                                    command.footer(examples);
                                    command.add_option(
                                        "FILTER", options->filter,
                                        "which benchmarks, by name or suite (default all)");
                                    cli::declare(command, options->trials);
                                    return [options] { return verify(*options); };
                                });

}  // namespace
