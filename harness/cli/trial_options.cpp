#include "harness/cli/trial_options.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/cli/verb.hpp"
#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/measure/calibration.hpp"

namespace regatta::cli {

void declare(CLI::App& command, trial_options& options) {
    command.add_option("--set", options.settings, "another value for a parameter (repeatable)")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    command.add_option("--connections", options.connections, "short for --set connections=N")
        ->type_name("N");
    command.add_option("--depth", options.depth, "requests in flight on each connection")
        ->type_name("N");
    command.add_option("--workers", options.workers, "threads of the runtime")->type_name("N");
    command
        .add_option("--generator-engine", options.generator_engine,
                    "io_uring (falls back to epoll, on record) or epoll")
        ->type_name("ENGINE")
        ->check(CLI::IsMember({"io_uring", "epoll"}));
    command.add_flag("--no-loop-lag", options.skips_loop_lag,
                     "do not probe how late the server's loops are");
    command
        .add_option("--generator-threads", options.generator_threads,
                    "threads of the generator, on CPUs of their own if there are enough")
        ->type_name("N")
        ->check(number_from(1, 1024, true));
    declare(command, options.origin);
    // A hook for tests, which need a generator that is slower than any server; not shown.
    command.add_option("--generator-slow-ns", options.generator_slow_ns)
        ->group("")
        ->check(CLI::Range(0, 1'000'000'000));
    command.add_option("--runtimes", options.runtime_folders, "look for runtimes here too")
        ->type_name("DIR")
        ->allow_extra_args(false);
}

std::vector<std::pair<std::string, std::string>> overrides_of(const trial_options& options) {
    std::vector<std::pair<std::string, std::string>> overrides;
    for (const std::string& setting : options.settings) {
        const std::size_t equals = setting.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw usage_failure(fmt::format("--set takes NAME=VALUE, not '{}'", setting));
        }
        overrides.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
    }
    const std::pair<const char*, const std::optional<std::string>&> shorts[] = {
        {"connections", options.connections},
        {"depth", options.depth},
        {"workers", options.workers}};
    for (const auto& [name, value] : shorts) {
        if (value) {
            overrides.emplace_back(name, *value);
        }
    }
    return overrides;
}

trial_settings prepare_trials(const trial_options& options, bool needs_generator) {
    trial_settings settings;
    settings.cpus = usable_cpus();
    settings.generator_engine = options.generator_engine;
    settings.probes_loop_lag = !options.skips_loop_lag;
    settings.generator_threads = options.generator_threads;
    settings.generator_slow_ns = options.generator_slow_ns;
    settings.generator = program_folder() / "regatta-load";
    if (needs_generator) {
        settings.ranks = resolve(options.origin, settings.generator);
    }
    if (needs_generator && ::access(settings.generator.c_str(), X_OK) != 0) {
        throw failure(
            fmt::format("the load generator {} is missing: build it (target regatta-load)",
                        settings.generator.string()));
    }
    // A server's limit is part of what it can do: all get the most that is allowed.
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
    settings.rounds_per_us = calibrate_rounds_per_us(settings.cpus.front());
    return settings;
}

}  // namespace regatta::cli
