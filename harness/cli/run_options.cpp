#include "harness/cli/run_options.hpp"

#include "harness/cli/common_options.hpp"
#include "harness/cli/rates.hpp"
#include "harness/cli/verb.hpp"
#include "harness/failure.hpp"
#include "harness/plan/arrival_pattern.hpp"
#include "harness/plan/rate_pattern.hpp"

namespace regatta::cli {

void declare(CLI::App& command, run_options& options) {
    command.add_option("SUITE|FILTER", options.what, "a suite, or a filter on benchmark names");
    command.add_option("FILTER", options.filter, "which benchmarks of the suite");
    declare_results_file(command, options.out, options.is_forced);
    command
        .add_option("--resume", options.resume,
                    "go on with an interrupted run; all else is as in this results file")
        ->type_name("FILE");
    command.add_option("--rounds", options.rounds, "trials of each benchmark")
        ->type_name("N")
        ->check(number_from(1, 1000, true));
    declare_windows(command, options.measure_s, "measured seconds of a trial", options.warmup_s,
                    "seconds before them");
    declare_seed(command, options.seed, "of the order of trials");
    declare_placement(command, options.placement,
                      "CPUs: split (one side each), same-core, or free");
    command
        .add_option("--rate", options.rate, "open loop: requests a second, or N%..M% of capacity")
        ->type_name("R,...");
    command
        .add_option("--steps", options.steps,
                    "open loop: rates that change, the same again at the end")
        ->type_name("TIME@R,...");
    command.add_option("--bursts", options.bursts, "open loop: N requests at once, every TIME")
        ->type_name("N@TIME");
    command.add_option("--arrivals", options.arrivals, "poisson, constant, bursts or steps")
        ->type_name("KIND");
    command
        .add_option("--inject", options.injection,
                    "slow it: cpu:5%, cpu:200ns, syscall:N, lock, alloc:N, tail:1%:5ms")
        ->type_name("SPEC,...");
    declare_busy_machine(command, options.is_busy_machine_allowed);
    declare(command, options.trials);
    declare(command, options.target);
    command.add_flag("--dry-run", options.is_dry, "print the benchmarks' names and stop");
    command.add_flag("--quiet", options.is_quiet, "no progress and no notes");
}

std::vector<std::pair<std::string, std::string>> overrides_of(const run_options& options) {
    auto overrides = overrides_of(options.trials);
    if (options.rate.has_value() + options.steps.has_value() + options.bursts.has_value() > 1) {
        throw usage_failure("give one of --rate, --steps and --bursts: each is a load");
    }
    if (options.rate) {
        overrides.push_back(load_override(*options.rate));
    }
    if (options.steps) {
        overrides.emplace_back(steps_parameter, *options.steps);
    }
    if (options.bursts) {
        overrides.emplace_back(bursts_parameter, *options.bursts);
    }
    if (options.arrivals) {
        overrides.emplace_back(arrivals_parameter.name, *options.arrivals);
    }
    if (options.injection) {
        overrides.emplace_back(injection_parameter, *options.injection);
    }
    return overrides;
}

}  // namespace regatta::cli
