#include <algorithm>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/cli/trial_options.hpp"
#include "harness/cli/verb.hpp"
#include "harness/server/arguments.hpp"
#include "harness/server/child_process.hpp"
#include "harness/server/conversation.hpp"
#include "harness/server/interrupt.hpp"
#include "harness/server/runtime_catalog.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

constexpr const char* micro_examples =
    R"(Runs jobs in the runtimes' own programs, as Google Benchmark reports them; what stands after -- is for
it. For figures that are kept, checked and compared: regatta run. Several jobs make one JSON report.

Examples:
  regatta micro '^spawn_join/epoll/'
  regatta micro '^skynet/' --set levels=4 -- --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
  regatta micro -- --benchmark_filter='^(switch|yield)/epoll/' --benchmark_format=json > mine.json)";

struct micro_options {
    std::string filter;
    std::vector<std::string> flags;
    cli::trial_options trials;
};

bool is_report_line(std::string_view line) {
    return !line.starts_with("---") && !line.starts_with("Benchmark ");
}

/// What a job's program printed, line by line as it comes.
template <class Take>
void read_lines(child_process& job, Take take) {
    for (;;) {
        wait_until({&job}, clock_type::now() + std::chrono::hours(1), true,
                   [&] { return job.has_line() || job.has_ended(); });
        const auto line = job.next_line();
        if (!line && job.has_ended()) {
            return;
        }
        if (line) {
            take(*line);
        }
    }
}

/// The words of an `error` line, or nothing.
std::string error_in(const std::string& line) {
    const json object = json::parse(line, nullptr, false);
    return object.is_object() && object.value("event", "") == "error"
               ? object.value("reason", "") + " (" + object.value("hint", "") + ")"
               : "";
}

/// All jobs' reports; one in JSON.
class reports {
public:
    explicit reports(bool as_json) : as_json_(as_json) {}

    /// Runs the job of `arm` and prints its report, or keeps it. Gives what went wrong, or nothing.
    std::string add(const benchmark& arm, const std::vector<std::string>& flags,
                    std::int64_t rounds_per_us) {
        std::vector<std::string> command = contract_command(arm, "job", rounds_per_us);
        command.emplace_back("--");
        command.insert(command.end(), flags.begin(), flags.end());
        child_process job({std::move(command), arm.runtime->folder, {}});
        std::string text;
        std::string error;
        read_lines(job, [&](const std::string& line) {
            error += error_in(line);
            if (as_json_) {
                text += line + "\n";
            } else if (error.empty() && (is_first_ || is_report_line(line))) {
                fmt::print("{}\n", line);
                std::fflush(stdout);
            }
        });
        is_first_ = false;
        if (!error.empty()) {
            return error;
        }
        if (!job.ending().is_success()) {
            return describe_end({job, "the job"});
        }
        // A filter that matches nothing prints nothing.
        return as_json_ && !text.empty() ? keep(text) : "";
    }
    void print() const {
        if (as_json_) {
            fmt::print("{}\n", whole_.dump(2));
        }
    }

private:
    std::string keep(const std::string& text) {
        json report = json::parse(text, nullptr, false);
        if (!report.is_object() || !report.value("benchmarks", json()).is_array()) {
            return "it printed no JSON report: " + excerpt(text);
        }
        if (whole_.at("context").is_null()) {
            whole_["context"] = report.at("context");
        }
        for (json& each : report.at("benchmarks")) {
            whole_["benchmarks"].push_back(std::move(each));
        }
        return "";
    }

    bool as_json_;
    bool is_first_ = true;
    json whole_ = {{"context", nullptr}, {"benchmarks", json::array()}};
};

bool has_flag(const std::vector<std::string>& flags, std::string_view start) {
    return std::any_of(flags.begin(), flags.end(),
                       [&](const std::string& flag) { return flag.starts_with(start); });
}

int run_jobs(std::vector<benchmark>& jobs, const std::vector<std::string>& flags,
             std::int64_t rounds_per_us) {
    reports all(has_flag(flags, "--benchmark_format=json"));
    bool is_complete = true;
    for (benchmark& job : jobs) {
        if (!job.runtime->is_available()) {
            fmt::print(stderr, "{}: left out: {}\n", job.name(), job.runtime->reason);
            continue;
        }
        job.values.rounds_per_us = rounds_per_us;
        if (const std::string error = all.add(job, flags, rounds_per_us); !error.empty()) {
            fmt::print(stderr, "{}: {}\n", job.name(), error);
            is_complete = false;
        }
    }
    all.print();
    return is_complete ? 0 : 1;
}

/// Without a FILTER the first of the flags stands in its place.
void put_flags_in_order(micro_options& options) {
    if (options.filter.starts_with("--")) {
        options.flags.insert(options.flags.begin(), std::exchange(options.filter, ""));
    }
}

/// The jobs that `options.filter` means; where there is none all, by their defaults, on the
/// runtimes that suites include.
std::vector<benchmark> jobs_of(const micro_options& options,
                               const std::vector<runtime_entry>& runtimes) {
    if (options.filter.empty() && !options.trials.settings.empty()) {
        throw usage_failure(
            "--set is for jobs that a FILTER names: regatta micro FILTER --set ...");
    }
    std::vector<std::string> filters{options.filter};
    if (options.filter.empty()) {
        filters.clear();
        for (const workload_info& each : all_workload_info()) {
            if (each.kind == workload_kind::job) {
                filters.push_back("^" + each.name + "/");
            }
        }
    }
    std::vector<benchmark> jobs;
    for (const std::string& each : filters) {
        const selection chosen = select({each, {}, cli::overrides_of(options.trials)}, runtimes);
        std::copy_if(chosen.benchmarks.begin(), chosen.benchmarks.end(), std::back_inserter(jobs),
                     [&](const benchmark& found) {
                         // Programs in other languages know nothing of Google Benchmark.
                         const bool is_usual =
                             found.runtime->is_in_suites && !found.runtime->is_reference_only;
                         return !found.is_server() && (is_usual || !options.filter.empty());
                     });
    }
    return jobs;
}

int micro(micro_options options) {
    put_flags_in_order(options);
    const auto runtimes = find_runtimes(
        {options.trials.runtime_folders.begin(), options.trials.runtime_folders.end()});
    std::vector<benchmark> jobs = jobs_of(options, runtimes);
    if (jobs.empty()) {
        throw usage_failure(fmt::format(
            "'{}' means no job: micro runs jobs, regatta run all workloads", options.filter));
    }
    if (jobs.size() > 1 && has_flag(options.flags, "--benchmark_out=")) {
        throw usage_failure(
            "--benchmark_out is for one job, and each would write over the one before: take "
            "--benchmark_format=json and standard output");
    }
    // Without any flag for Google Benchmark a job prints its line for the harness.
    options.flags.insert(options.flags.begin(), "--benchmark_format=console");
    const interrupt_guard guard;
    const std::int64_t rounds_per_us = cli::prepare_trials(options.trials, false).rounds_per_us;
    try {
        return run_jobs(jobs, options.flags, rounds_per_us);
    } catch (const interrupted&) {
        return interrupted_status();
    }
}

void declare_micro(CLI::App& command, micro_options& options) {
    command.add_option("FILTER", options.filter,
                       "a filter on benchmark names; all jobs unless given");
    command.add_option("FLAGS", options.flags, "after --: Google Benchmark's own")->default_str("");
    command
        .add_option("--set", options.trials.settings, "another value for a parameter (repeatable)")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    command.add_option("--workers", options.trials.workers, "threads of the runtime")
        ->type_name("N");
    command.add_option("--runtimes", options.trials.runtime_folders, "look for runtimes here too")
        ->type_name("DIR")
        ->allow_extra_args(false);
}

const cli::registered_verb micro_verb("micro", "jobs under Google Benchmark, with its own flags",
                                      [](CLI::App& command) {
                                          auto options = std::make_shared<micro_options>();
                                          command.footer(micro_examples);
                                          declare_micro(command, *options);
                                          return [options] { return micro(*options); };
                                      });

}  // namespace
