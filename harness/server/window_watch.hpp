#pragma once

#include <optional>
#include <vector>

#include "harness/measure/cpu_time.hpp"
#include "harness/measure/perf_counters.hpp"
#include "harness/measure/thread_shares.hpp"

namespace regatta {

/// What is seen from outside of the machine and of the server while the measured window runs: the
/// CPUs of the trial, the server's threads, its event counters.
class window_watch {
public:
    /// Before the load: counters are opened here, which takes time. `cpus` are those of the server
    /// and of the generator, on which the backend is too, where there is one.
    window_watch(std::optional<pid_t> server, const std::vector<pid_t>& generators,
                 std::optional<pid_t> backend, std::vector<int> cpus);

    void begin();
    void end();

    /// Nothing where it cannot be told; after end().
    const std::optional<foreign_load>& cpus() const { return load_; }

    /// The other processes of the server's group, as of the beginning: what they use is the
    /// server's too.
    const std::vector<pid_t>& helpers() const { return helpers_; }
    /// Their CPU time between begin() and end(); 0 without any.
    std::int64_t helpers_cpu_ns() const { return helpers_cpu_ns_; }

    /// How many threads were ready and waited for a CPU, on average; nothing where it cannot be
    /// told. After end().
    std::optional<double> server_waiting() const;
    std::optional<double> generator_waiting() const;

    /// Puts `cpu_set` and, of a known server, `server.threads`, `.perf` and `.processes` into a
    /// trial's record.
    void fill(nlohmann::json& record) const;
    /// Puts what a window with `replies` replies makes of them into the metrics.
    void fill_metrics(nlohmann::json& metrics, double replies) const;

private:
    std::optional<pid_t> server_;  // nothing: not known
    std::vector<pid_t> generators_;
    std::vector<pid_t> helpers_;
    std::int64_t helpers_cpu_ns_ = 0;
    std::vector<pid_t> ours_;  // with the backend's
    std::vector<int> cpus_;
    std::optional<perf_meter> perf_;
    std::optional<foreign_load_meter> meter_;
    std::optional<thread_meter> threads_;
    std::vector<thread_meter> generator_threads_;
    std::chrono::steady_clock::time_point begin_time_;
    std::chrono::nanoseconds length_{};
    std::optional<foreign_load> load_;
    nlohmann::json threads_record_;
    std::optional<double> generator_waiting_;
    nlohmann::json perf_record_;
};

}  // namespace regatta
