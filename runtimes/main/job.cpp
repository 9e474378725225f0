#include "runtimes/main/job.hpp"

#include <benchmark/benchmark.h>
#include <time.h>

#include <optional>

#include "harness/measure/histogram_json.hpp"

namespace regatta {
namespace {

std::uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(now.tv_nsec);
}

// Takes the results instead of printing them.
class silent_reporter : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>&) override {}
};

}  // namespace

std::optional<job_timing> time_job(const std::string& name, double min_time_s,
                                   const std::vector<std::string>& flags,
                                   const std::function<void()>& iteration) {
    // Google Benchmark calls this again and again with more iterations until the time suffices;
    // only the last call counts, the ones before it are the warm-up.
    job_timing timing;
    const auto body = [&](benchmark::State& state) {
        timing.latency.clear();
        const std::uint64_t cpu_start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        const std::uint64_t start = clock_ns(CLOCK_MONOTONIC);
        std::uint64_t last = start;
        for ([[maybe_unused]] auto _ : state) {
            iteration();
            const std::uint64_t now = clock_ns(CLOCK_MONOTONIC);
            timing.latency.record(now - last);
            last = now;
        }
        timing.wall_ns = last - start;
        timing.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
        timing.iterations = static_cast<std::uint64_t>(state.iterations());
    };

    std::vector<std::string> words = {name};
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
    benchmark::RegisterBenchmark(name.c_str(), body)->MinTime(min_time_s)->UseRealTime();
    if (!flags.empty()) {
        benchmark::RunSpecifiedBenchmarks();
        return std::nullopt;
    }
    silent_reporter quiet;
    benchmark::RunSpecifiedBenchmarks(&quiet);
    return timing;
}

nlohmann::json job_result(const effective_configuration& effective, const job_timing& timing,
                          std::uint64_t units_per_iteration, const std::string& answer) {
    return {{"event", "result"},
            {"contract", contract_version},
            {"effective", effective.to_json()},
            {"iterations", timing.iterations},
            {"units_per_iteration", units_per_iteration},
            {"wall_ns", timing.wall_ns},
            {"cpu_ns", timing.cpu_ns},
            {"answer", answer},
            {"latency", to_json(timing.latency)},
            {"notes", nlohmann::json::array()}};
}

}  // namespace regatta
