#include "runtimes/main/job.hpp"

#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>

#include "harness/measure/histogram_json.hpp"
#include "runtimes/main/control.hpp"
#include "runtimes/support/limits.hpp"

namespace regatta {
namespace {

std::uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(now.tv_nsec);
}

/// What a reading of the clock costs, in ns, at least 1: the fastest of some series.
std::uint64_t clock_cost_ns() {
    constexpr std::uint64_t readings = 500;
    std::uint64_t fastest = ~std::uint64_t{0};
    for (int series = 0; series < 20; ++series) {
        const std::uint64_t start = clock_ns(CLOCK_MONOTONIC);
        for (std::uint64_t i = 1; i < readings; ++i) {
            clock_ns(CLOCK_MONOTONIC);
        }
        fastest = std::min(fastest, clock_ns(CLOCK_MONOTONIC) - start);
    }
    return std::max<std::uint64_t>(fastest / readings, 1);
}

/// How many iterations make a sample that is long beside a reading of the clock.
std::uint64_t sample_length(const std::function<void()>& iteration, std::uint64_t clock_cost) {
    constexpr std::uint64_t longest = 1 << 20;
    const std::uint64_t wanted = clock_cost * clock_costs_per_sample;
    for (std::uint64_t count = 1; count < longest; count *= 2) {
        // The shortest of three, lest an interruption pass for work.
        std::uint64_t taken = ~std::uint64_t{0};
        for (int attempt = 0; attempt < 3 && taken >= wanted; ++attempt) {
            const std::uint64_t start = clock_ns(CLOCK_MONOTONIC);
            for (std::uint64_t i = 0; i < count; ++i) {
                iteration();
            }
            taken = std::min(taken, clock_ns(CLOCK_MONOTONIC) - start);
            if (taken > 1000 * wanted) {
                break;
            }
        }
        if (taken >= wanted) {
            return count;
        }
    }
    return longest;
}

/// Times the iterations of one call by Google Benchmark; what came before it was the warm-up.
void measure(benchmark::State& state, const timed_job& job, job_timing& timing) {
    timing.latency.clear();
    job.forget();
    const std::uint64_t length = timing.iterations_per_sample;
    const std::uint64_t cpu_start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    const std::uint64_t start = clock_ns(CLOCK_MONOTONIC);
    std::uint64_t last = start;
    std::uint64_t left = length;
    for ([[maybe_unused]] auto _ : state) {
        job.iteration();
        if (--left == 0) {
            const std::uint64_t now = clock_ns(CLOCK_MONOTONIC);
            timing.latency.record((now - last) / length);
            last = now;
            left = length;
        }
    }
    timing.wall_ns = clock_ns(CLOCK_MONOTONIC) - start;
    timing.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
    timing.iterations = static_cast<std::uint64_t>(state.iterations());
    state.SetItemsProcessed(state.iterations() *
                            static_cast<std::int64_t>(job.units_per_iteration));
}

// Takes the results instead of printing them.
class silent_reporter : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>&) override {}
};

void give_flags(const std::string& program, const std::vector<std::string>& flags) {
    static std::vector<std::string> words;  // Google Benchmark keeps a pointer to the first
    words = {program};
    words.insert(words.end(), flags.begin(), flags.end());
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    benchmark::Initialize(&argc, argv.data());
    if (argc > 1) {
        throw contract_error(contract_error::usage,
                             std::string("Google Benchmark does not know '") + argv[1] + "'");
    }
}

bool is_shortage(int error) {
    return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

}  // namespace

std::optional<job_timing> time_job(const timed_job& job, const std::vector<std::string>& flags) {
    give_flags(job.name, flags);
    job_timing timing;
    std::exception_ptr failure;
    // Called again and again with more iterations until the time suffices. Google Benchmark is not
    // made for exceptions that pass through it.
    const auto body = [&](benchmark::State& state) {
        try {
            if (timing.clock_ns == 0) {  // not before: a filter may leave the job out
                timing.clock_ns = clock_cost_ns();
                timing.iterations_per_sample = sample_length(job.iteration, timing.clock_ns);
            }
            measure(state, job, timing);
        } catch (const std::exception& thrown) {
            failure = std::current_exception();
            state.SkipWithError(thrown.what());
        }
    };
    benchmark::RegisterBenchmark(job.name.c_str(), body)->MinTime(job.min_time_s)->UseRealTime();
    silent_reporter quiet;
    benchmark::RunSpecifiedBenchmarks(flags.empty() ? &quiet : nullptr);
    if (failure) {
        std::rethrow_exception(failure);
    }
    return flags.empty() ? std::optional(timing) : std::nullopt;
}

void check_more_iterations(const timed_job& job, const job_timing& timing,
                           const std::function<std::string()>& answer) {
    constexpr std::uint64_t longest_ns = 100'000'000;
    const std::string right = answer();
    const std::uint64_t each_ns = timing.wall_ns / std::max<std::uint64_t>(timing.iterations, 1);
    const std::uint64_t end = clock_ns(CLOCK_MONOTONIC) + std::min(longest_ns, timing.wall_ns / 10);
    while (clock_ns(CLOCK_MONOTONIC) + each_ns < end) {
        job.iteration();
        if (const std::string found = answer(); found != right) {
            throw contract_error(
                contract_error::other,
                fmt::format("its answer changes from iteration to iteration: '{}', "
                            "then '{}'",
                            right, found));
        }
    }
}

nlohmann::json samples_json(std::string_view name, const histogram& values) {
    return {{"name", std::string(name)}, {"histogram", to_json(values)}};
}

nlohmann::json job_result(const effective_configuration& effective, const job_timing& timing,
                          std::uint64_t units_per_iteration, const std::string& answer,
                          const std::vector<std::string>& notes) {
    return {{"event", "result"},
            {"contract", contract_version},
            {"effective", effective.to_json()},
            {"iterations", timing.iterations},
            {"iterations_per_sample", timing.iterations_per_sample},
            {"clock_ns", timing.clock_ns},
            {"units_per_iteration", units_per_iteration},
            {"wall_ns", timing.wall_ns},
            {"cpu_ns", timing.cpu_ns},
            {"answer", answer},
            {"tasks_created", nullptr},
            {"tasks_live_peak", nullptr},
            {"samples", nullptr},
            {"injected", injected_json()},
            {"latency", to_json(timing.latency)},
            {"notes", notes}};
}

std::string job_name(const effective_configuration& effective) {
    std::string name = effective.workload + "/" + effective.runtime;
    const auto add = [&name](std::span<const parameter> declared, const auto& values,
                             bool only_changed) {
        for (std::size_t i = 0; i < declared.size(); ++i) {
            const auto& each = declared[i];
            if (only_changed && values[i] == each.fallback) {
                continue;
            }
            name += fmt::format("/{}:", each.name);
            name += each.choices.empty()
                        ? std::to_string(values[i])
                        : std::string(each.choices[static_cast<std::size_t>(values[i])]);
        }
    };
    add(effective.of_workload, effective.values, false);
    name += fmt::format("/workers:{}", effective.workers);
    add(effective.of_runtime, effective.configuration, true);
    return name;
}

void rethrow_job_failure(std::optional<unit_count> units) {
    const auto refuse = [&](const std::string& reason) {
        const std::string so_far =
            units ? fmt::format("no more than {} tasks at once, {} in all: ", units->live_peak,
                                units->created)
                  : "";
        throw contract_error(contract_error::machine, so_far + reason, limits_in_the_way());
    };
    try {
        throw;
    } catch (const std::system_error& failure) {
        if (is_shortage(failure.code().value())) {
            refuse(failure.what());
        }
        throw;
    } catch (const std::bad_alloc&) {
        refuse("there is no more memory");
        throw;
    }
}

void hold_at_rest(const effective_configuration& effective) {
    print_line(
        {{"event", "at_rest"}, {"contract", contract_version}, {"effective", effective.to_json()}});
    wait_for_stop();
}

}  // namespace regatta
