#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include <fmt/format.h>

#include "harness/cli/common_options.hpp"
#include "harness/cli/rate_hunt.hpp"
#include "harness/cli/rate_prober.hpp"
#include "harness/cli/results_file.hpp"
#include "harness/cli/trial_options.hpp"
#include "harness/cli/verb.hpp"
#include "harness/plan/order.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/record/run_record.hpp"
#include "harness/server/interrupt.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* search_examples =
    R"(Doubles the rate of an open loop until the percentile exceeds the bound or the backlog grows, bisects to
2 %, and asks the rate found again in fresh processes until it held in every one of --rounds; where it did
not, it goes a step down. Searches of several benchmarks take turns. Every probe is on record; what ends
before its answer (--budget, Ctrl-C) tells how far it came.
Exit status: 0 all found, 1 not all, 2 usage.

Examples:
  regatta search echo/epoll/size:64 --slo p99=1ms
  regatta search 'echo/(asio|uring)/size:64' --slo p99.9=5ms --measure 5 --connections 100
  regatta search delay/epoll/delay_us:5000 --slo p50=6ms --from 1000)";

struct search_options {
    std::string what;
    std::string objective;
    std::string out;
    bool is_forced = false;
    bool is_quiet = false;
    bool is_busy_machine_allowed = false;
    int confirmations = 5;
    std::optional<std::int64_t> from_per_s;
    std::optional<std::uint64_t> seed;
    double measure_s = 2;
    double warmup_s = 0.3;
    double longest_s = 20;
    std::optional<double> budget_s;
    std::string placement = "split";
    std::optional<std::string> arrivals;
    cli::trial_options trials;
};

/// Where the search begins: an eighth of the closed loop's rate, so that a few doublings find the
/// end.
cli::rate_hunt make_hunt(const search_options& options, const service_objective& objective,
                         const benchmark& arm, std::size_t searches, cli::rate_prober& probes) {
    constexpr double share_of_capacity = 0.125;
    stats::rate_search_settings settings;
    settings.confirmations = options.confirmations;
    settings.rate_min_per_s = std::max<std::int64_t>(
        1,
        std::llround(std::ceil(objective.samples_min() * cli::samples_margin / options.longest_s)));
    if (options.from_per_s) {
        settings.start_per_s = *options.from_per_s;
        return {arm, objective, settings};
    }
    const std::size_t left =
        searches * (1 + static_cast<std::size_t>(stats::rate_search(settings).probes_left()));
    const json trial = probes.probe(arm, 0, left);
    if (trial.at("metrics").is_null()) {
        return {arm, objective, trial.at("reasons").front().get<std::string>()};
    }
    const double capacity = trial.at("metrics").at("throughput_per_s").get<double>();
    settings.start_per_s = std::llround(capacity * share_of_capacity);
    probes.say(fmt::format("{}: closed loop {:.0f}/s", arm.name(), capacity));
    return {arm, objective, settings};
}

std::size_t probes_left(const std::vector<cli::rate_hunt>& hunts) {
    int left = 0;
    for (const cli::rate_hunt& each : hunts) {
        left += each.probes_left();
    }
    return static_cast<std::size_t>(left);
}

/// Ends all searches of `arms`, those that have not begun included.
void give_up(const std::vector<benchmark>& arms, const service_objective& objective,
             const std::string& why, std::vector<cli::rate_hunt>& hunts) {
    for (cli::rate_hunt& each : hunts) {
        each.give_up(why);
    }
    while (hunts.size() < arms.size()) {
        hunts.emplace_back(arms[hunts.size()], objective, why + ".");
    }
}

/// Each search in turn begins, and then probes until all have ended; in random order, so that the
/// machine's drift strikes all alike. Gives whether there was time for all.
bool probe_in_turns(const search_options& options, const service_objective& objective,
                    const std::vector<benchmark>& arms, std::uint64_t seed,
                    cli::rate_prober& probes, std::vector<cli::rate_hunt>& hunts) {
    for (const benchmark& arm : arms) {
        if (!probes.has_time()) {
            return false;
        }
        hunts.push_back(make_hunt(options, objective, arm, arms.size() - hunts.size(), probes));
    }
    for (std::uint64_t round = 1; probes_left(hunts) != 0; ++round) {
        for (const std::size_t index : trial_order(hunts.size(), seed, round)) {
            cli::rate_hunt& hunt = hunts[index];
            const auto arm = hunt.next();
            if (!arm) {
                continue;
            }
            if (!probes.has_time()) {
                return false;
            }
            const json trial = probes.probe(*arm, round, probes_left(hunts));
            hunt.observe(trial, trial.at("trial").get<std::size_t>());
            probes.say(fmt::format("{}: {}", hunt.name(), hunt.last_line()));
        }
    }
    return true;
}

/// Gives whether it was cut short: by the user, or the budget.
bool hunt_all(const search_options& options, const service_objective& objective,
              const std::vector<benchmark>& arms, std::uint64_t seed, cli::rate_prober& probes,
              std::vector<cli::rate_hunt>& hunts) {
    try {
        if (probe_in_turns(options, objective, arms, seed, probes, hunts)) {
            return false;
        }
        give_up(arms, objective, fmt::format("the budget of {:g} s is used up", *options.budget_s),
                hunts);
    } catch (const interrupted&) {
        give_up(arms, objective, "interrupted", hunts);
    }
    return true;
}

/// What is searched: the benchmarks that the request means, without a load of their own.
std::vector<benchmark> chosen_arms(const search_options& options,
                                   const std::vector<runtime_entry>& runtimes) {
    auto overrides = cli::overrides_of(options.trials);
    if (options.arrivals) {
        overrides.emplace_back(arrivals_parameter.name, *options.arrivals);
    }
    std::vector<benchmark> arms;
    std::vector<std::string> names;
    for (benchmark arm : select({options.what, {}, overrides}, runtimes).benchmarks) {
        arm.rate_per_s = arm.load_percent = 0;
        arm.pattern.reset();
        if (arm.is_server() && std::find(names.begin(), names.end(), arm.name()) == names.end()) {
            names.push_back(arm.name());
            arms.push_back(std::move(arm));
        }
    }
    if (arms.empty()) {
        throw usage_failure("search takes server workloads: a job has no rate of requests");
    }
    return arms;
}

int search(const search_options& options, const std::vector<std::string>& argv) {
    const auto objective = parse_service_objective(options.objective);
    if (!objective) {
        throw usage_failure(fmt::format(
            "--slo {}: write a percentile and a bound on it, like p99=1ms or p99.9=500us",
            options.objective));
    }
    if (objective->samples_min() * cli::samples_margin / options.longest_s > 1e8) {
        throw usage_failure(
            fmt::format("--slo {}: no rate has enough requests for it", options.objective));
    }
    const auto runtimes = find_runtimes(
        {options.trials.runtime_folders.begin(), options.trials.runtime_folders.end()});
    const std::vector<benchmark> arms = chosen_arms(options, runtimes);
    const interrupt_guard guard;
    trial_settings settings = cli::prepare_trials(options.trials, true);
    settings.refuses_busy_machine = !cli::allows_busy_machine(options.is_busy_machine_allowed);
    settings.placement = parse_placement(options.placement).value();
    settings.warmup = cli::nanoseconds(options.warmup_s);
    settings.seed = options.seed.value_or(std::random_device{}());
    const std::string run_id = make_run_id(settings.seed);
    const auto file = cli::results_file(options.out, run_id);
    record_writer record(file, options.is_forced);
    record.append("run", run_record(run_id,
                                    {argv,
                                     json(),
                                     json(options.what),
                                     settings.seed,
                                     options.confirmations,
                                     settings.placement,
                                     settings.rounds_per_us,
                                     {},
                                     {},
                                     !settings.refuses_busy_machine},
                                    arms));
    cli::rate_prober probes({options.measure_s, options.budget_s, options.is_quiet}, *objective,
                            settings, record);
    std::vector<cli::rate_hunt> hunts;
    const bool is_cut_short = hunt_all(options, *objective, arms, settings.seed, probes, hunts);
    probes.clear_line();
    for (const cli::rate_hunt& hunt : hunts) {
        record.append("verdict", hunt.verdict());
        fmt::print("{}\n", hunt.report());
    }
    record.append("end", probes.end(is_cut_short));
    fmt::print("Results: {}\n", file.string());
    if (is_interrupted()) {
        return interrupted_status();
    }
    return std::all_of(hunts.begin(), hunts.end(),
                       [](const cli::rate_hunt& hunt) { return hunt.has_answer(); })
               ? 0
               : 1;
}

void declare_search(CLI::App& command, search_options& options) {
    command.add_option("BENCHMARK", options.what, "a filter on benchmark names")->required();
    command
        .add_option("--slo", options.objective, "a percentile of the response time and its bound")
        ->type_name("pN=TIME")
        ->required();
    command
        .add_option("--rounds", options.confirmations, "trials that confirm the answer (default 5)")
        ->type_name("N")
        ->check(cli::number_from(1, 1000, true));
    command
        .add_option("--from", options.from_per_s,
                    "first rate (default an eighth of the closed loop's, measured first)")
        ->type_name("R")
        ->check(cli::number_from(1, 100'000'000, true));
    cli::declare_windows(command, options.measure_s,
                         "measured seconds of a trial, at least (default 2)", options.warmup_s,
                         "seconds before them (default 0.3)");
    command
        .add_option("--longest", options.longest_s, "at most, for lack of requests (default 20)")
        ->type_name("S")
        ->check(cli::number_from(0.01, 3600));
    command
        .add_option("--budget", options.budget_s,
                    "no trial begins later than so many seconds after the first")
        ->type_name("S")
        ->check(cli::number_from(1, 1e6));
    command.add_option("--arrivals", options.arrivals, "poisson, constant, bursts or steps")
        ->type_name("KIND");
    cli::declare_seed(command, options.seed, "of schedules and order");
    cli::declare_placement(command, options.placement, "CPUs: split, same-core, or free");
    cli::declare(command, options.trials);
    cli::declare_results_file(command, options.out, options.is_forced);
    command.add_flag("--quiet", options.is_quiet, "do not tell of each probe");
}

const cli::registered_verb search_verb("search", "the highest rate with a percentile under a bound",
                                       [](CLI::App& command) {
                                           auto options = std::make_shared<search_options>();
                                           command.footer(search_examples);
                                           declare_search(command, *options);
                                           return [options] {
                                               return search(*options, cli::command_line());
                                           };
                                       });

}  // namespace
