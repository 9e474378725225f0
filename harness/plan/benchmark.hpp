#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/plan/runtime_entry.hpp"
#include "harness/plan/workload_catalog.hpp"

namespace regatta {

/// Parameters that the harness adds to a workload's own.
inline constexpr parameter connections_parameter{
    "connections", "", 50, 1, 1'000'000, "connections that the generator holds open"};
inline constexpr parameter depth_parameter{"depth", "",   1,
                                           1,       1024, "requests in flight on each connection"};
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
    std::int64_t workers = workers_parameter.fallback;
    std::int64_t rate_per_s = rate_parameter.fallback;  ///< server workloads only, as what follows
    std::int64_t load_percent = load_parameter.fallback;  ///< not 0: rate_per_s is 0
    std::int64_t arrivals = arrivals_parameter.fallback;  ///< index in arrival_words
    /// What load_percent comes to, once the capacity is known: then it is above 0. Not in the name.
    double load_rate_per_s = 0;
    std::vector<std::int64_t> runtime_values;  ///< of the runtime's parameters, in its order

    bool is_server() const { return workload->kind == workload_kind::server; }
    /// Whether requests come at set times, whatever the replies.
    bool is_open_loop() const { return rate_per_s != 0 || load_percent != 0; }
    /// The mean rate of an open loop's arrivals; 0 while it is not known.
    double offered_per_s() const {
        return load_percent != 0 ? load_rate_per_s : static_cast<double>(rate_per_s);
    }

    /// `workload/runtime/param:value/...`: the workload's parameters, connections, depth unless 1,
    /// an open loop's load and, unless Poisson, arrivals, workers, the runtime's own where they
    /// differ from their defaults.
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

/// Whether `target` has a parameter called `name`.
bool has_parameter(const benchmark& target, std::string_view name);

/// Sets a parameter that `target` has; gives a sentence that refuses `text` when it is no value of
/// it.
std::optional<std::string> assign(benchmark& target, std::string_view name, std::string_view text);

}  // namespace regatta
