#pragma once

#include <fmt/core.h>

#include <barrier>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "harness/measure/histogram.hpp"
#include "runtimes/main/lines.hpp"

namespace regatta {

/// What timing a job gives.
struct job_timing {
    std::uint64_t iterations = 0;
    std::uint64_t wall_ns = 0;  ///< of the measured iterations
    std::uint64_t cpu_ns = 0;   ///< CPU time of the whole process over them
    histogram latency;          ///< wall time of each iteration
};

/// Runs `iteration` under Google Benchmark for at least `min_time_s` seconds after its warm-up.
/// With flags for Google Benchmark, prints its own report and returns nothing.
std::optional<job_timing> time_job(const std::string& name, double min_time_s,
                                   const std::vector<std::string>& flags,
                                   const std::function<void()>& iteration);

/// Workers for a job. One worker runs on the caller's thread; more have threads of their own, which
/// wait at a barrier between the iterations.
template <class Workload, runtime Runtime>
class job_crew {
public:
    job_crew(std::size_t workers, const runtime_settings& settings, const params& values)
        : values_(values), state_(values), count_(static_cast<unsigned>(workers)) {
        if (workers == 1) {
            alone_.emplace(settings);
            return;
        }
        gate_.emplace(static_cast<std::ptrdiff_t>(workers + 1));
        for (unsigned i = 0; i < count_; ++i) {
            threads_.emplace_back([this, i, &settings] { work(i, settings); });
        }
        gate_->arrive_and_wait();
    }
    ~job_crew() {
        if (gate_) {
            is_over_ = true;
            gate_->arrive_and_wait();
        }
    }
    job_crew(const job_crew&) = delete;
    job_crew& operator=(const job_crew&) = delete;

    /// One iteration on all workers.
    void run() {
        state_.begin();
        if (alone_) {
            alone_->run([&] { return part(*alone_, 0); });
            return;
        }
        gate_->arrive_and_wait();
        gate_->arrive_and_wait();
    }

    const typename Workload::state& state() const { return state_; }

private:
    auto part(Runtime& worker, unsigned index) {
        return Workload::template job<Runtime>(worker, state_, shard{index, count_}, values_);
    }
    void work(unsigned index, const runtime_settings& settings) {
        Runtime worker(settings);
        gate_->arrive_and_wait();
        for (;;) {
            gate_->arrive_and_wait();
            if (is_over_) {
                return;
            }
            worker.run([&] { return part(worker, index); });
            gate_->arrive_and_wait();
        }
    }

    const params& values_;
    typename Workload::state state_;
    unsigned count_;
    std::optional<Runtime> alone_;
    std::optional<std::barrier<>> gate_;
    bool is_over_ = false;  // written before the gate opens, read after
    std::vector<std::jthread> threads_;
};

/// The `result` line of a job.
nlohmann::json job_result(const effective_configuration& effective, const job_timing& timing,
                          std::uint64_t units_per_iteration, const std::string& answer);

/// `PROGRAM job`: times the job and prints `result`.
template <class Workload, runtime Runtime>
void run_job(const arguments& given) {
    const runtime_info info = Runtime::about();
    params values;
    values.rounds_per_us = given.rounds_per_us;
    runtime_settings settings;
    apply_settings(given.settings, Workload::parameters, values, info.parameters, settings);

    job_crew<Workload, Runtime> crew(static_cast<std::size_t>(given.workers), settings, values);
    const auto timing = time_job(fmt::format("{}/{}", Workload::name, info.name), given.min_time_s,
                                 given.benchmark_flags, [&] { crew.run(); });
    if (timing) {
        const effective_configuration effective{
            std::string(info.name), given.workload, given.workers,   "",
            Workload::parameters,   values,         info.parameters, settings};
        print_line(job_result(effective, *timing, crew.state().units(), crew.state().answer()));
    }
}

}  // namespace regatta
