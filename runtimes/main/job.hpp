#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/histogram.hpp"
#include "runtimes/main/catalog.hpp"
#include "runtimes/main/injection.hpp"
#include "runtimes/main/job_crew.hpp"
#include "runtimes/main/lines.hpp"

namespace regatta {

/// What is timed: `iteration` again and again.
struct timed_job {
    std::string name;
    double min_time_s;
    std::uint64_t units_per_iteration;
    std::function<void()> iteration;
    /// Called when what was measured so far turns out to have been the warm-up.
    std::function<void()> forget;
};

/// What timing a job gives.
struct job_timing {
    std::uint64_t iterations = 0;
    std::uint64_t wall_ns = 0;   ///< of the measured iterations
    std::uint64_t cpu_ns = 0;    ///< CPU time of the whole process over them
    histogram latency;           ///< wall time of an iteration: of each, or mean over a sample
    std::uint64_t clock_ns = 0;  ///< what reading the clock costs
    std::uint64_t iterations_per_sample = 1;  ///< above 1 where one is too short to be timed
};

/// A sample is at least so many times as long as a reading of the clock.
inline constexpr std::uint64_t clock_costs_per_sample = 100;

/// Runs the job under Google Benchmark, after its warm-up. With flags for Google Benchmark, prints
/// its own report and returns nothing. Throws what the iteration throws.
std::optional<job_timing> time_job(const timed_job& job, const std::vector<std::string>& flags);

/// Runs `iteration` some times more, within a tenth of the time that was measured and 100 ms, where
/// one fits in. Throws contract_error when one of them does not leave `answer`. (Between the timed
/// ones a comparison would be timed too.)
void check_more_iterations(const timed_job& job, const job_timing& timing,
                           const std::function<std::string()>& answer);

/// The `result` line of a job, without what only some states have.
nlohmann::json job_result(const effective_configuration& effective, const job_timing& timing,
                          std::uint64_t units_per_iteration, const std::string& answer,
                          const std::vector<std::string>& notes);

/// A histogram with a name, as the field `samples` has it.
nlohmann::json samples_json(std::string_view name, const histogram& values);

/// `WORKLOAD/RUNTIME/parameter:value.../workers:N`
std::string job_name(const effective_configuration& effective);

/// The failure that a job of `units` ended with, told as the contract wants it: what this machine
/// is short of is said with its limit, and how to raise it. Throws; to be called in a handler.
[[noreturn]] void rethrow_job_failure(std::optional<unit_count> units);

/// Prints `effective` as the line `at_rest`, and waits until standard input ends or a signal says
/// stop.
void hold_at_rest(const effective_configuration& effective);

/// Times the job and prints `result`, or holds one iteration where all its tasks wait.
template <runtime Runtime>
void run_crew(const arguments& given, job_crew<Runtime>& crew,
              const effective_configuration& effective) {
    job_source<Runtime>& job = crew.job();
    if (given.is_held) {
        if (!job.set_at_rest([&] { hold_at_rest(effective); })) {
            throw contract_error(contract_error::usage,
                                 given.workload + " has no moment at which all its tasks wait");
        }
        if (given.workers != 1) {
            throw contract_error(contract_error::usage, "--hold 1 takes one worker");
        }
        crew.run();
        return;
    }
    const auto iterate = [&] {
        crew.run();
        if (on_received != nullptr) {
            on_received();
        }
    };
    const timed_job timed{job_name(effective), given.min_time_s, job.units(), iterate,
                          [&] { job.clear_samples(); }};
    const auto timing = time_job(timed, given.benchmark_flags);
    if (!timing) {
        return;
    }
    nlohmann::json line = job_result(effective, *timing, job.units(), job.answer(),
                                     with_injection_note(crew.notes()));
    if (const auto counted = job.counted()) {
        line["tasks_created"] = counted->created;
        line["tasks_live_peak"] = counted->live_peak;
    }
    if (const auto samples = job.samples()) {
        line["samples"] = samples_json(samples->name, samples->values);
    }
    check_more_iterations(timed, *timing, [&] { return job.answer(); });
    print_line(line);
}

/// `PROGRAM job`.
template <runtime Runtime>
void run_job(const catalog_entry<Runtime>& workload, const arguments& given) {
    const runtime_info info = Runtime::about();
    params values;
    values.rounds_per_us = given.rounds_per_us;
    runtime_settings settings;
    apply_settings(given.settings, workload.parameters, values, info.parameters, settings);

    job_crew<Runtime> crew(workload.job, static_cast<std::size_t>(given.workers), settings, values);
    const effective_configuration effective{
        std::string(info.name), given.workload, given.workers,   "",
        workload.parameters,    values,         info.parameters, crew.configuration(),
        given.injection};
    try {
        run_crew(given, crew, effective);
    } catch (const std::exception&) {
        rethrow_job_failure(crew.job().counted());
    }
}

}  // namespace regatta
