#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/rate_pattern.hpp"
#include "harness/plan/runtime_entry.hpp"
#include "harness/plan/workload_catalog.hpp"

namespace regatta {

/// Parameters that the harness adds to a workload's own.
inline constexpr parameter connections_parameter{
    "connections", "", 50, 1, 100'000'000, "connections that the generator holds open"};
inline constexpr parameter depth_parameter{"depth", "",   1,
                                           1,       1024, "requests in flight on each connection"};
inline constexpr std::array<std::string_view, 2> transport_words{"tcp", "unix"};
inline constexpr parameter transport_parameter{
    "transport", "", 0, 0, 1, "TCP over loopback, or a Unix socket", transport_words};
inline constexpr parameter workers_parameter{
    "workers", "", 1, 1, 1024, "threads of the runtime that serve or compute"};
inline constexpr parameter rate_parameter{
    "rate_per_s",
    "",
    0,
    0,
    100'000'000,
    "requests a second at set times (open loop); 0: closed loop"};
inline constexpr parameter load_parameter{
    "load_percent", "", 0, 0, 1000, "the same in per cent of the runtime's own closed-loop rate"};
inline constexpr std::array<std::string_view, 4> arrival_words{"poisson", "constant", "bursts",
                                                               "steps"};
inline constexpr parameter arrivals_parameter{
    "arrivals", "", 0, 0, 3, "how an open loop's requests are spread in time", arrival_words};

/// Slows a runtime's program on purpose: workloads/support/injection_spec.hpp.
inline constexpr std::string_view injection_parameter = "inject";

/// A parameter of a benchmark with its value, and the word for it where it has words.
struct named_value {
    std::string name;
    std::int64_t value;
    std::string text;  ///< the word, or the number
    bool is_word;

    nlohmann::json json() const { return is_word ? nlohmann::json(text) : nlohmann::json(value); }
};

/// One arm of a comparison: a workload with all its parameters, on one runtime.
struct benchmark {
    const workload_info* workload = nullptr;
    const runtime_entry* runtime = nullptr;
    params values;  ///< of the workload; rounds_per_us is filled in when the run is calibrated
    std::int64_t connections = connections_parameter.fallback;  ///< server workloads only
    std::int64_t depth = depth_parameter.fallback;              ///< server workloads only
    std::int64_t transport = transport_parameter.fallback;      ///< index in transport_words
    std::int64_t workers = workers_parameter.fallback;
    std::int64_t rate_per_s = rate_parameter.fallback;  ///< server workloads only, as what follows
    std::int64_t load_percent = load_parameter.fallback;  ///< not 0: rate_per_s is 0
    std::int64_t arrivals = arrivals_parameter.fallback;  ///< index in arrival_words
    std::optional<rate_pattern> pattern;  ///< rates that change as the user says; no other load
    /// What load_percent comes to, once the capacity is known: then it is above 0. Not in the name.
    double load_rate_per_s = 0;
    std::vector<std::int64_t> runtime_values;  ///< of the runtime's parameters, in its order
    /// What the runtime's program does beside its own work (injection_spec's text); empty: nothing.
    std::string injection;
    /// Measured seconds of its trials, where a suite gives it others than the rest. Not in the
    /// name.
    std::optional<double> measure_s;

    bool is_server() const { return workload->kind == workload_kind::server; }
    bool is_over_unix() const { return transport != transport_parameter.fallback; }
    /// Whether requests come at set times, whatever the replies.
    bool is_open_loop() const { return rate_per_s != 0 || load_percent != 0 || pattern; }
    /// How many connections, or waiting tasks of a job that is there for them, there are.
    std::int64_t waiting() const;
    /// The mean rate of an open loop's arrivals; 0 while it is not known.
    double offered_per_s() const {
        return pattern             ? mean_rate_per_s(pattern->steps)
               : load_percent != 0 ? load_rate_per_s
                                   : static_cast<double>(rate_per_s);
    }

    /// `workload/runtime/param:value/...`: the workload's parameters, connections, depth unless 1,
    /// transport unless TCP,
    /// an open loop's load and, unless Poisson, arrivals, workers, the runtime's own where they
    /// differ from their defaults, and what is injected.
    std::string name() const;

    /// What stands in the name, in order.
    std::vector<named_value> named_values() const;

    /// The workload's and the runtime's own parameters: what `--set` gives and `effective` repeats.
    std::vector<named_value> settings() const;

    /// named_values() as an object.
    nlohmann::json parameters_json() const;
};

/// The benchmark that measures what `arm` can do at most: the same in a closed loop.
benchmark closed_loop_of(const benchmark& arm);

/// The workload with its defaults on `runtime`.
benchmark default_benchmark(const workload_info& workload, const runtime_entry& runtime);

/// The parameters that benchmarks of `workload` take whatever the runtime, in the name's order.
std::vector<parameter> common_parameters(const workload_info& workload);

/// Whether `name` is one of the parameters that make an open loop, of which a benchmark has one.
bool is_load_parameter(std::string_view name);

/// Whether `target` has a parameter called `name`.
bool has_parameter(const benchmark& target, std::string_view name);

/// Sets a parameter that `target` has; gives a sentence that refuses `text` when it is no value of
/// it.
std::optional<std::string> assign(benchmark& target, std::string_view name, std::string_view text);

}  // namespace regatta
