#include <algorithm>
#include <charconv>
#include <memory>
#include <random>
#include <set>
#include <sstream>

#include "harness/cli/common_options.hpp"
#include "harness/cli/race.hpp"
#include "harness/cli/results_file.hpp"
#include "harness/cli/trial_options.hpp"
#include "harness/cli/verb.hpp"
#include "harness/plan/order.hpp"
#include "harness/record/memory_table.hpp"
#include "harness/server/interrupt.hpp"
#include "harness/server/memory_trial.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* memory_examples =
    R"(For each of the connection counts a fresh server, in random order; the connections stay idle. What the
server then costs is a straight line over the counts: its slope is the memory per connection. What this
machine cannot hold is a row with the reason. Of the job sleepers it is the memory per waiting task.
Without a filter: echo of 64 bytes on every runtime.
Exit status: 0 all have a slope and no trial was lost, 1 not all, 2 usage.

Examples:
  regatta memory
  regatta memory 'echo/(thread|uring)/size:64' --connections 0,500,1000,2000 --rounds 5
  regatta memory '^sleepers/' --connections 0,1000,10000,100000
  regatta memory 'echo/uring_multishot/size:64' --set workers=6 --connections 0,50000,100000 --ranks 6
  regatta memory echo/thread/size:64 --set stack_bytes=32768 --out stacks.jsonl)";

constexpr const char* memory_filter = "^echo/[^/]+/size:64/connections:50/workers:1$";
constexpr std::size_t counts_min = 3;

struct memory_options {
    std::string filter = memory_filter;
    std::string out;
    bool is_forced = false;
    bool is_quiet = false;
    std::int64_t rounds = 3;
    std::optional<std::uint64_t> seed;
    std::string placement = "split";
    cli::trial_options trials;
};

/// "0,1000,10000", ascending, each once. Throws `failure` unless it is three counts or more.
std::vector<std::int64_t> parse_counts(const std::string& text) {
    std::set<std::int64_t> counts;
    std::istringstream items(text);
    for (std::string item; std::getline(items, item, ',');) {
        std::int64_t count = -1;
        const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), count);
        if (error != std::errc() || end != item.data() + item.size() || count < 0 ||
            count > connections_parameter.maximum) {
            throw usage_failure(fmt::format("--connections {}: '{}' is no number from 0 to {}",
                                            text, item, connections_parameter.maximum));
        }
        counts.insert(count);
    }
    if (counts.size() < counts_min) {
        throw usage_failure(
            fmt::format("--connections {}: a slope needs {} counts or more, like 0,1000,10000",
                        text, counts_min));
    }
    return {counts.begin(), counts.end()};
}

/// The benchmarks that the filter means, without load, each with every count.
std::vector<benchmark> chosen_arms(const memory_options& options,
                                   const std::vector<std::int64_t>& counts,
                                   const std::vector<runtime_entry>& runtimes) {
    std::vector<benchmark> arms;
    std::set<std::string> names;
    for (benchmark arm :
         select({options.filter, {}, cli::overrides_of(options.trials)}, runtimes).benchmarks) {
        arm = closed_loop_of(arm);
        arm.depth = depth_parameter.fallback;
        for (const std::int64_t count : counts) {
            if (arm.is_server()) {
                arm.connections = count;
            } else if (arm.workload->count_name.empty() ||
                       assign(arm, arm.workload->count_name, std::to_string(count))) {
                continue;
            }
            if (names.insert(arm.name()).second) {
                arms.push_back(arm);
            }
        }
    }
    if (arms.empty()) {
        throw usage_failure("memory takes server workloads and sleepers: a job has no connections");
    }
    return arms;
}

/// Runs every arm once a round, each trial on record. Gives whether the user cut it short.
bool run_rounds(const memory_options& options, std::uint64_t seed, std::vector<benchmark>& arms,
                const trial_settings& settings, record_writer& record, cli::scorekeeper& score,
                const cli::progress& line, std::vector<json>& records) {
    try {
        for (std::uint64_t round = 0; round < static_cast<std::uint64_t>(options.rounds); ++round) {
            for (const std::size_t index : trial_order(arms.size(), seed, round)) {
                benchmark& arm = arms[index];
                arm.values.rounds_per_us = settings.rounds_per_us;
                line.show(records.size(), arm.name());
                json trial = run_memory_trial(arm, settings);
                trial["trial"] = records.size();
                trial["round"] = round;
                record.append("memory", trial);
                score.note(trial, true);
                records.push_back(std::move(trial));
            }
        }
    } catch (const interrupted&) {
        line.clear();
        return true;
    }
    line.clear();
    return false;
}

int memory(memory_options options, const std::vector<std::string>& argv) {
    const std::vector<std::int64_t> counts =
        parse_counts(std::exchange(options.trials.connections, {}).value_or("0,1000,10000"));
    const auto runtimes = find_runtimes(
        {options.trials.runtime_folders.begin(), options.trials.runtime_folders.end()});
    std::vector<benchmark> arms = chosen_arms(options, counts, runtimes);
    const interrupt_guard guard;
    trial_settings settings = cli::prepare_trials(options.trials, true);
    settings.placement = parse_placement(options.placement).value();
    cli::allow_open_files(arms);
    const std::uint64_t seed = options.seed.value_or(std::random_device{}());
    const std::string run_id = make_run_id(seed);
    const auto file = cli::results_file(options.out, run_id);
    record_writer record(file, options.is_forced);
    record.append("run", run_record(run_id,
                                    {argv, json(), json(options.filter), seed, options.rounds,
                                     settings.placement, settings.rounds_per_us},
                                    arms));
    const cli::progress line(arms.size() * static_cast<std::size_t>(options.rounds),
                             !options.is_quiet);
    cli::scorekeeper score(line, options.is_quiet);
    std::vector<json> records;
    const bool is_cut_short =
        run_rounds(options, seed, arms, settings, record, score, line, records);
    const std::vector<json> verdicts = memory_verdicts(records);
    bool all_have_slopes = !verdicts.empty();
    for (const json& verdict : verdicts) {
        record.append("verdict", verdict);
        all_have_slopes = all_have_slopes && !verdict.at("fits").at("user").is_null();
    }
    record.append("end", {{"finished_at", time_now()},
                          {"trials", score.total()},
                          {"ok", score.count("ok")},
                          {"invalid", score.count("invalid")},
                          {"failed", score.count("failed")},
                          {"interrupted", is_cut_short}});
    fmt::print("{}\nResults: {}\n", render_memory(verdicts, records), file.string());
    if (is_cut_short) {
        return interrupted_status();
    }
    return all_have_slopes && score.all_are_valid() ? 0 : 1;
}

void declare_memory(CLI::App& command, memory_options& options) {
    command.add_option("FILTER", options.filter, "a filter on benchmark names")->default_str("");
    command.add_option("--rounds", options.rounds, "trials of each count (default 3)")
        ->type_name("N")
        ->check(cli::number_from(1, 1000, true));
    cli::declare_seed(command, options.seed, "of the order of trials");
    cli::declare_placement(command, options.placement, "CPUs: split, same-core, or free");
    cli::declare(command, options.trials);
    command.remove_option(command.get_option("--depth"));
    command.remove_option(command.get_option("--no-loop-lag"));
    command.get_option("--connections")
        ->description("three counts or more, of sleepers: of tasks (default 0,1000,10000)")
        ->type_name("N,N,N,...");
    cli::declare_results_file(command, options.out, options.is_forced);
    command.add_flag("--quiet", options.is_quiet, "no progress, and no word of lost trials");
}

const cli::registered_verb memory_verb("memory",
                                       "memory per connection or waiting task: a slope over counts",
                                       [](CLI::App& command) {
                                           auto options = std::make_shared<memory_options>();
                                           command.footer(memory_examples);
                                           declare_memory(command, *options);
                                           return [options] {
                                               return memory(*options, cli::command_line());
                                           };
                                       });

}  // namespace
