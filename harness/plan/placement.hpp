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
};

/// "split", "same-core", "free".
std::string_view placement_name(placement_mode mode);
std::optional<placement_mode> parse_placement(std::string_view name);

/// The CPUs that this process may use, ascending.
std::vector<int> usable_cpus();

/// Places a server with `workers` workers. With `split`, each worker gets a CPU while one is left
/// for the generator; with more workers than that, the server gets all CPUs and shares the last. A
/// job has no generator, so it gets all CPUs it has workers for. `cpus` is not empty.
placement place(placement_mode mode, const std::vector<int>& cpus, std::int64_t workers,
                bool has_generator);

/// As results/FORMAT.md describes it.
nlohmann::json to_json(const placement& placed);

}  // namespace regatta
