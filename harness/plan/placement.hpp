#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace regatta {

/// Which CPUs the server and the generator run on. Part of the benchmark: the same pair of programs
/// gives other figures elsewhere.
enum class placement_mode {
    split,      ///< server on the first CPUs, generator on the last
    same_core,  ///< both on the first CPU
    free,       ///< wherever the scheduler puts them
};

struct placement {
    placement_mode mode;
    std::vector<int> server_cpus;
    std::vector<int> generator_cpus;  ///< empty for a job
    bool is_shared = false;           ///< a CPU is in both
    /// The generator has a CPU for each of its threads here.
    bool has_cpu_for_each = false;
};

/// "split", "same-core", "free".
std::string_view placement_name(placement_mode mode);
std::optional<placement_mode> parse_placement(std::string_view name);

/// The CPUs that this process may use, ascending.
std::vector<int> usable_cpus();

/// Places a server with `workers` workers and a generator with `generator_threads`. With `split`,
/// each worker gets a CPU while one is left for the generator; with more workers than that, the
/// server gets all CPUs and shares the last. The generator gets one for each thread, as far as the
/// server leaves them. A job has no generator (0 threads), so it gets all CPUs it has workers for.
/// `cpus` is not empty.
placement place(placement_mode mode, const std::vector<int>& cpus, std::int64_t workers,
                std::int64_t generator_threads);

/// As results/FORMAT.md describes it.
nlohmann::json to_json(const placement& placed);

}  // namespace regatta
