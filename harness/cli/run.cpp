#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>

#include "harness/cli/capacity.hpp"
#include "harness/cli/race.hpp"
#include "harness/cli/rates.hpp"
#include "harness/cli/results_file.hpp"
#include "harness/cli/trial_options.hpp"
#include "harness/cli/verb.hpp"
#include "harness/record/table.hpp"
#include "harness/server/interrupt.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* examples =
    R"(Each round runs every benchmark once, in random order, each in a fresh process. A trial that finds the
machine too unsteady is repeated, twice at most. Results go to a file of JSON lines (results/FORMAT.md).
Exit status: 0 all valid, 1 not all, 2 usage.

Examples:
  regatta run smoke                          a suite: workloads/suites/smoke.toml
  regatta run smoke 'echo|hash'              what of the suite the regular expression matches
  regatta run 'echo/(asio|uring)/.*:50/'     benchmarks of the suite standard, by name
  regatta run echo/thread/size:100 --rounds 5 --measure 2 --out mine.jsonl
  regatta run cpu_request --set cpu_ns=50000 --workers 2
  regatta run echo --rate 1000,2000,4000     open loop: requests at set times, latency under load
  regatta run echo/epoll --rate 10%..95%     the same at shares of what the runtime can do
  regatta run my_suite.toml --dry-run        only print the names)";

struct run_options {
    std::string what;
    std::optional<std::string> filter;
    std::string out;
    bool is_forced = false;
    bool is_quiet = false;
    bool is_dry = false;
    std::optional<std::int64_t> rounds;
    std::optional<std::uint64_t> seed;
    std::optional<double> measure_s;
    std::optional<double> warmup_s;
    std::optional<std::string> placement;
    std::optional<std::string> rate;
    std::optional<std::string> arrivals;
    cli::trial_options trials;
};

constexpr std::int64_t default_rounds = 3;
/// Every reader of JSON keeps whole numbers up to here exact (RFC 8259, section 6).
constexpr double seed_max = 9007199254740991;
constexpr double default_warmup_s = 0.3;
constexpr double default_measure_s = 1.0;

std::chrono::nanoseconds nanoseconds(double seconds) {
    return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

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

/// The options that replace parameters; those of the load last, as they replace each other.
std::vector<std::pair<std::string, std::string>> overrides_of(const run_options& options) {
    auto overrides = cli::overrides_of(options.trials);
    if (options.rate) {
        overrides.push_back(cli::load_override(*options.rate));
    }
    if (options.arrivals) {
        overrides.emplace_back(arrivals_parameter.name, *options.arrivals);
    }
    return overrides;
}

void refuse_arrivals_without_load(const run_options& options, const selection& chosen) {
    if (options.arrivals &&
        std::none_of(chosen.benchmarks.begin(), chosen.benchmarks.end(),
                     [](const benchmark& each) { return each.is_open_loop(); })) {
        throw usage_failure("--arrivals is for an open loop: give it a load, like --rate 1000");
    }
}

/// How many ok trials had which way between the CPUs, where there were several; else nothing.
std::string cache_states_line(const std::vector<json>& trials) {
    std::map<std::string, int> counts;
    for (const json& trial : trials) {
        if (trial.at("status") == "ok" && !trial.at("cache_distance").is_null()) {
            ++counts[trial.at("cache_distance").at("state").get<std::string>()];
        }
    }
    if (counts.size() < 2) {
        return {};
    }
    std::string text;
    for (const auto& [state, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state);
    }
    return fmt::format(
        "The way between the server's and the generator's CPU was not the same in all trials ({}): "
        "runtimes are compared by rounds in which it was; their rates are not.\n",
        text);
}

int measure(const run_options& options, const selection& chosen, const run_request& request,
            const trial_settings& settings) {
    const std::string run_id = make_run_id(request.seed);
    const auto file = cli::results_file(options.out, run_id);
    record_writer record(file, options.is_forced);
    std::vector<benchmark> capacities = cli::capacity_benchmarks(chosen.benchmarks);
    record.append("run", run_record(run_id, request, joined(capacities, chosen.benchmarks)));
    cli::race trials(joined(capacities, chosen.benchmarks).size(), request, settings,
                     options.is_quiet, record);
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
    fmt::print("{}", cache_states_line(trials.trials()));
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

int run(const run_options& options, const std::vector<std::string>& argv) {
    const auto runtimes = find_runtimes(
        {options.trials.runtime_folders.begin(), options.trials.runtime_folders.end()});
    selection chosen = select({options.what, options.filter, overrides_of(options)}, runtimes);
    refuse_arrivals_without_load(options, chosen);
    if (!options.is_quiet) {
        for (const std::string& note : chosen.notes) {
            fmt::print(stderr, "note: {}\n", note);
        }
    }
    if (options.is_dry) {
        for (const benchmark& each : chosen.benchmarks) {
            fmt::print("{}\n", each.name());
        }
        return 0;
    }
    const bool needs_generator =
        std::any_of(chosen.benchmarks.begin(), chosen.benchmarks.end(),
                    [](const benchmark& each) { return each.is_server(); });
    const interrupt_guard guard;
    trial_settings settings = cli::prepare_trials(options.trials, needs_generator);
    settings.placement = placement_of(options, chosen);
    settings.warmup =
        nanoseconds(options.warmup_s.value_or(chosen.timing.warmup_s.value_or(default_warmup_s)));
    settings.measure = nanoseconds(
        options.measure_s.value_or(chosen.timing.measure_s.value_or(default_measure_s)));
    run_request request{argv,
                        chosen.suite_name ? json(*chosen.suite_name) : json(),
                        chosen.filter ? json(*chosen.filter) : json(),
                        options.seed.value_or(std::random_device{}()),
                        options.rounds.value_or(chosen.timing.rounds.value_or(default_rounds)),
                        settings.placement,
                        settings.rounds_per_us};
    return measure(options, chosen, request, settings);
}

void declare_run(CLI::App& command, run_options& options) {
    command.add_option("SUITE|FILTER", options.what, "a suite, or a filter on benchmark names")
        ->required();
    command.add_option("FILTER", options.filter, "which benchmarks of the suite");
    command.add_option("--out", options.out, "results file (default results/raw/RUN_ID.jsonl)")
        ->type_name("FILE");
    command.add_flag("--force", options.is_forced, "overwrite the results file");
    command.add_option("--rounds", options.rounds, "trials of each benchmark")
        ->type_name("N")
        ->check(cli::number_from(1, 1000, true));
    command.add_option("--measure", options.measure_s, "measured seconds of a trial")
        ->type_name("S")
        ->check(cli::number_from(0.01, 3600));
    command.add_option("--warmup", options.warmup_s, "seconds before them")
        ->type_name("S")
        ->check(cli::number_from(0, 3600));
    command.add_option("--seed", options.seed, "of the order of trials (default random)")
        ->type_name("N")
        ->check(cli::number_from(0, seed_max, true));
    command
        .add_option("--placement", options.placement,
                    "CPUs: split (one side each), same-core, or free")
        ->type_name("MODE")
        ->check(CLI::IsMember({"split", "same-core", "free"}));
    command
        .add_option("--rate", options.rate, "open loop: requests a second, or N%..M% of capacity")
        ->type_name("R,...");
    command.add_option("--arrivals", options.arrivals, "poisson, constant, bursts or steps")
        ->type_name("KIND");
    cli::declare(command, options.trials);
    command.add_flag("--dry-run", options.is_dry, "print the benchmarks' names and stop");
    command.add_flag("--quiet", options.is_quiet, "no progress and no notes");
}

const cli::registered_verb verb("run", "run benchmarks, write the record, print the table",
                                [](CLI::App& command) {
                                    auto options = std::make_shared<run_options>();
                                    command.footer(examples);
                                    declare_run(command, *options);
                                    return [options] { return run(*options, cli::command_line()); };
                                });

}  // namespace
