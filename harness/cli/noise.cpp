#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include "harness/cli/common_options.hpp"
#include "harness/cli/race.hpp"
#include "harness/cli/results_file.hpp"
#include "harness/cli/trial_options.hpp"
#include "harness/cli/verb.hpp"
#include "harness/record/noise_table.hpp"
#include "harness/server/interrupt.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* noise_examples =
    R"(Runs the same program again and again, each time in a fresh process, and says how much its figures
differ although nothing has changed: the coefficient of variation with its 95 % interval (chi-square on the
logarithm), how much a trial resembles the one before it (lag-1 autocorrelation; *: more than chance), and
from neighbouring trials as A/A pairs the smallest difference that 5 and 10 pairs can show. Several
benchmarks take turns in random order. Without a filter: echo of 64 bytes on epoll.
Exit status: 0 all have figures, 1 not all, 2 usage.

Examples:
  regatta noise
  regatta noise 'echo/(thread|uring)/size:64/connections:50/' --trials 60
  regatta noise echo/epoll/size:64/connections:50 --measure 1 --placement split)";

constexpr const char* noise_filter = "^echo/epoll/size:64/connections:50/workers:1$";

struct noise_options {
    std::string filter = noise_filter;
    std::string out;
    bool is_forced = false;
    bool is_quiet = false;
    bool is_busy_machine_allowed = false;
    std::int64_t trials = 30;
    double measure_s = 0.25;
    double warmup_s = 0.1;
    std::optional<std::uint64_t> seed;
    std::string placement = "same-core";
    cli::trial_options all;
};

/// Prints and records what the trials say; gives whether every benchmark has figures.
bool conclude(const cli::race& trials, record_writer& record) {
    const std::vector<json> verdicts = noise_verdicts(trials.trials());
    for (const json& verdict : verdicts) {
        record.append("verdict", verdict);
        fmt::print("{}\n", render_noise(verdict));
    }
    return !verdicts.empty() && std::all_of(verdicts.begin(), verdicts.end(), [](const json& each) {
        return each.at("metrics").at("throughput_per_s").is_object();
    });
}

int noise(const noise_options& options, const std::vector<std::string>& argv) {
    const auto runtimes =
        find_runtimes({options.all.runtime_folders.begin(), options.all.runtime_folders.end()});
    std::vector<benchmark> arms =
        select({options.filter, {}, cli::overrides_of(options.all)}, runtimes).benchmarks;
    for (benchmark& arm : arms) {
        if (arm.load_percent != 0) {
            throw usage_failure(fmt::format(
                "{}: its load depends on a measurement of its own; give rate_per_s", arm.name()));
        }
        arm.measure_s.reset();
    }
    const bool needs_generator = std::any_of(
        arms.begin(), arms.end(), [](const benchmark& each) { return each.is_server(); });
    const interrupt_guard guard;
    trial_settings settings = cli::prepare_trials(options.all, needs_generator);
    settings.refuses_busy_machine = !cli::allows_busy_machine(options.is_busy_machine_allowed);
    settings.placement = parse_placement(options.placement).value();
    settings.warmup = cli::nanoseconds(options.warmup_s);
    settings.measure = cli::nanoseconds(options.measure_s);
    const run_request request{argv,
                              json(),
                              json(options.filter),
                              options.seed.value_or(std::random_device{}()),
                              options.trials,
                              settings.placement,
                              settings.rounds_per_us,
                              {},
                              {},
                              !settings.refuses_busy_machine};
    const std::string run_id = make_run_id(request.seed);
    const auto file = cli::results_file(options.out, run_id);
    record_writer record(file, options.is_forced);
    record.append("run", run_record(run_id, request, arms));
    cli::race trials(arms.size(), request, settings, options.is_quiet, record);
    const bool is_cut_short = trials.run(arms);
    const bool has_figures = conclude(trials, record);
    const cli::scorekeeper& score = trials.score();
    record.append("end", {{"finished_at", time_now()},
                          {"trials", score.total()},
                          {"ok", score.count("ok")},
                          {"invalid", score.count("invalid")},
                          {"failed", score.count("failed")},
                          {"interrupted", is_cut_short}});
    fmt::print("Results: {}\n", file.string());
    if (is_cut_short) {
        return interrupted_status();
    }
    return has_figures ? 0 : 1;
}

void declare_noise(CLI::App& command, noise_options& options) {
    command.add_option("FILTER", options.filter, "a filter on benchmark names")->default_str("");
    command.add_option("--trials", options.trials, "of each benchmark (default 30)")
        ->type_name("N")
        ->check(cli::number_from(4, 1000, true));
    cli::declare_short_trials(command, options.measure_s, options.warmup_s, options.placement);
    cli::declare_seed(command, options.seed, "of the order of trials");
    cli::declare_busy_machine(command, options.is_busy_machine_allowed);
    cli::declare(command, options.all);
    cli::declare_results_file(command, options.out, options.is_forced);
    command.add_flag("--quiet", options.is_quiet, "no progress, and no word of lost trials");
}

const cli::registered_verb noise_verb("noise", "how much trials of the same program differ",
                                      [](CLI::App& command) {
                                          auto options = std::make_shared<noise_options>();
                                          command.footer(noise_examples);
                                          declare_noise(command, *options);
                                          return [options] {
                                              return noise(*options, cli::command_line());
                                          };
                                      });

}  // namespace
