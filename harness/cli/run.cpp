#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>

#include "harness/cli/capacity.hpp"
#include "harness/cli/common_options.hpp"
#include "harness/cli/race.hpp"
#include "harness/cli/results_file.hpp"
#include "harness/cli/resume.hpp"
#include "harness/cli/run_options.hpp"
#include "harness/cli/verb.hpp"
#include "harness/plan/arrival_pattern.hpp"
#include "harness/record/ranks_table.hpp"
#include "harness/record/table.hpp"
#include "harness/server/interrupt.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace {

using namespace regatta;
using cli::run_options;
using nlohmann::json;

constexpr const char* run_examples =
    R"(Each round runs every benchmark once, in random order, each in a fresh process; a trial on an unsteady
machine is repeated, twice at most. Results go to a file of JSON lines (results/FORMAT.md).
Exit status: 0 all valid, 1 not all, 2 usage.

Examples:
  regatta run smoke                          a suite: workloads/suites/smoke.toml, or a file of your own
  regatta run smoke 'echo|hash'              what of the suite the regular expression matches
  regatta run 'echo/(asio|uring)/.*:50/'     benchmarks of the suite standard, by name
  regatta run echo/thread/size:100 --set workers=2 --rounds 5 --out mine.jsonl
  regatta run echo --rate 1000,2000,4000     open loop: requests at set times; or --rate 10%..95% of capacity
  regatta run echo --steps 2s@1000,2s@5000   a rate that changes; or --bursts 100@50ms
  regatta run --target 127.0.0.1:8080 --workload http   a server that runs already
  regatta run --resume results/raw/RUN_ID.jsonl   after Ctrl-C, a crash, a reboot: only what is not done)";

constexpr std::int64_t default_rounds = 3;
constexpr double default_warmup_s = 0.3;
constexpr double default_measure_s = 1.0;

/// Those of `all` that are not among `taken`, by name.
std::vector<benchmark> without(const std::vector<benchmark>& all,
                               const std::vector<benchmark>& taken) {
    std::vector<benchmark> rest;
    for (const benchmark& each : all) {
        if (std::none_of(taken.begin(), taken.end(),
                         [&](const benchmark& other) { return other.name() == each.name(); })) {
            rest.push_back(each);
        }
    }
    return rest;
}

std::vector<benchmark> joined(std::vector<benchmark> first, const std::vector<benchmark>& all) {
    const std::vector<benchmark> rest = without(all, first);
    first.insert(first.end(), rest.begin(), rest.end());
    return first;
}

void refuse_arrivals_without_load(const run_options& options, const selection& chosen) {
    if (options.arrivals &&
        std::none_of(chosen.benchmarks.begin(), chosen.benchmarks.end(),
                     [](const benchmark& each) { return each.is_open_loop(); })) {
        throw usage_failure("--arrivals is for an open loop: give it a load, like --rate 1000");
    }
}

/// The writer of a file that has all before the next trial.
record_writer begin_record(const run_options& options, const std::filesystem::path& file,
                           const json& head, cli::resumption* resumed) {
    if (resumed != nullptr) {
        return resumed->go_on(head);
    }
    record_writer record(file, options.is_forced);
    record.append("run", head);
    return record;
}

int measure(const run_options& options, const selection& chosen, const run_request& request,
            trial_settings settings, cli::resumption* resumed) {
    const std::string run_id = resumed ? resumed->before().run_id : make_run_id(request.seed);
    const auto file = resumed ? resumed->file() : cli::results_file(options.out, run_id);
    if (settings.ranks.count != 0 && settings.ranks.shards.empty()) {
        settings.ranks.shards = std::filesystem::absolute(file).replace_extension("shards");
    }
    std::vector<benchmark> capacities = cli::capacity_benchmarks(chosen.benchmarks);
    const std::vector<benchmark> all = joined(capacities, chosen.benchmarks);
    record_writer record = begin_record(options, file, run_record(run_id, request, all), resumed);
    cli::race trials(all.size(), request, settings, options.is_quiet, record);
    if (resumed != nullptr) {
        trials.restore(resumed->before().trials);
    }
    bool is_cut_short = trials.run(capacities);
    if (!is_cut_short) {
        std::vector<benchmark> rest = without(chosen.benchmarks, capacities);
        cli::set_load_rates(rest, trials.trials());
        is_cut_short = trials.run(rest);
    }
    const cli::scorekeeper& score = trials.score();
    record.append("end", {{"finished_at", time_now()},
                          {"trials", score.total()},
                          {"ok", score.count("ok")},
                          {"invalid", score.count("invalid")},
                          {"failed", score.count("failed")},
                          {"interrupted", is_cut_short}});
    if (!trials.trials().empty()) {
        fmt::print("{}\n", render_table(trials.trials()));
    }
    if (const std::string ranks = render_ranks(trials.trials()); !ranks.empty()) {
        fmt::print("{}\n", ranks);
    }
    fmt::print("{} trials: {} ok, {} invalid, {} failed{}\nResults: {}\n", score.total(),
               score.count("ok"), score.count("invalid"), score.count("failed"),
               is_cut_short ? "; interrupted" : "", file.string());
    if (is_cut_short) {
        return interrupted_status();
    }
    return score.all_are_valid() ? 0 : 1;
}

placement_mode placement_of(const run_options& options, const selection& chosen) {
    if (!options.placement) {
        return chosen.timing.placement.value_or(placement_mode::split);
    }
    return parse_placement(*options.placement).value();
}

/// The windows of `arms` that are not the run's: whole periods of a rate that changes, unless the
/// user says how long to measure.
void set_windows(const run_options& options, const trial_settings& settings,
                 std::vector<benchmark>& arms) {
    const double usual_s = std::chrono::duration<double>(settings.measure).count();
    for (benchmark& each : arms) {
        if (options.measure_s) {
            each.measure_s.reset();
        } else if (!steps_of(each).empty()) {
            each.measure_s = whole_periods_s(each, each.measure_s.value_or(usual_s));
        }
    }
}

std::vector<runtime_entry> runtimes_of(const run_options& options) {
    if (options.target.target) {
        return {cli::target_runtime(options.target)};
    }
    return find_runtimes(
        {options.trials.runtime_folders.begin(), options.trials.runtime_folders.end()});
}

selection select_for(const run_options& options, const std::vector<runtime_entry>& runtimes) {
    if (options.target.target) {
        if (options.what) {
            throw usage_failure(
                fmt::format("'{}' selects runtimes, and --target is none of them; leave one out",
                            *options.what));
        }
        return cli::select_target(options.target, overrides_of(options), runtimes);
    }
    if (options.target.workload || options.target.is_remote_allowed) {
        throw usage_failure("--workload and --remote go with --target HOST:PORT");
    }
    if (!options.what) {
        throw usage_failure("run needs SUITE|FILTER, or --target; see regatta run -h");
    }
    return select({*options.what, options.filter, overrides_of(options)}, runtimes);
}

/// Runs what `options` say; with `resumed`, those are its own.
int run(const run_options& options, cli::resumption* resumed) {
    const auto runtimes = runtimes_of(options);
    selection chosen = select_for(options, runtimes);
    refuse_arrivals_without_load(options, chosen);
    if (!options.is_quiet) {
        for (const std::string& note : chosen.notes) {
            fmt::print(stderr, "note: {}\n", note);
        }
    }
    if (options.is_dry) {
        for (const benchmark& each : chosen.benchmarks) {
            if (resumed == nullptr || resumed->lacks(each.name())) {
                fmt::print("{}\n", each.name());
            }
        }
        return 0;
    }
    const bool needs_generator =
        std::any_of(chosen.benchmarks.begin(), chosen.benchmarks.end(),
                    [](const benchmark& each) { return each.is_server(); });
    const interrupt_guard guard;
    trial_settings settings = cli::prepare_trials(options.trials, needs_generator);
    cli::allow_open_files(chosen.benchmarks);
    cli::refuse_impossible_loads(chosen.benchmarks, options.trials.origin, settings.ranks);
    if (resumed != nullptr) {
        settings.rounds_per_us = resumed->before().rounds_per_us;  // the same work as before
    }
    // What goes on keeps its rule: trials of one run are judged alike.
    settings.refuses_busy_machine =
        resumed != nullptr ? !resumed->before().head.value("allows_busy_machine", true)
                           : !cli::allows_busy_machine(options.is_busy_machine_allowed);
    settings.placement = placement_of(options, chosen);
    settings.warmup = cli::nanoseconds(
        options.warmup_s.value_or(chosen.timing.warmup_s.value_or(default_warmup_s)));
    settings.measure = cli::nanoseconds(
        options.measure_s.value_or(chosen.timing.measure_s.value_or(default_measure_s)));
    set_windows(options, settings, chosen.benchmarks);
    run_request request{cli::command_line(),
                        chosen.suite_name ? json(*chosen.suite_name) : json(),
                        chosen.filter ? json(*chosen.filter) : json(),
                        options.seed.value_or(std::random_device{}()),
                        options.rounds.value_or(chosen.timing.rounds.value_or(default_rounds)),
                        settings.placement,
                        settings.rounds_per_us,
                        settings.warmup,
                        settings.measure,
                        !settings.refuses_busy_machine};
    return measure(options, chosen, request, settings, resumed);
}

int resume(const run_options& options, const CLI::App& command) {
    cli::resumption resumed(*options.resume);
    const unfinished_run& before = resumed.before();
    const run_options began = resumed.options(command, options);
    if (before.is_complete) {
        fmt::print("{} is complete: {} trials, nothing left to run\n", *options.resume,
                   before.trials.size());
        return 0;
    }
    if (!options.is_quiet) {
        fmt::print(stderr, "note: {} has {} trials; going on after them\n", *options.resume,
                   before.trials.size());
    }
    return run(began, &resumed);
}

const cli::registered_verb run_verb("run", "run benchmarks, write the record, print the table",
                                    [](CLI::App& command) {
                                        auto options = std::make_shared<run_options>();
                                        command.footer(run_examples);
                                        cli::declare(command, *options);
                                        return [options, &command] {
                                            return options->resume ? resume(*options, command)
                                                                   : run(*options, nullptr);
                                        };
                                    });

}  // namespace
