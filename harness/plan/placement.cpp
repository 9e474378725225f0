#include "harness/plan/placement.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <sched.h>

namespace regatta {
namespace {

constexpr std::array<std::pair<placement_mode, std::string_view>, 3> mode_names{{
    {placement_mode::split, "split"},
    {placement_mode::same_core, "same-core"},
    {placement_mode::free, "free"},
}};

}  // namespace

std::string_view placement_name(placement_mode mode) {
    return mode_names[static_cast<std::size_t>(mode)].second;
}

std::optional<placement_mode> parse_placement(std::string_view name) {
    for (const auto& [mode, text] : mode_names) {
        if (text == name) {
            return mode;
        }
    }
    return std::nullopt;
}

std::vector<int> usable_cpus() {
    // Large enough for the kernel's largest CONFIG_NR_CPUS (8192).
    constexpr int cpus_max = 8192;
    std::vector<int> usable;
    cpu_set_t* set = CPU_ALLOC(cpus_max);
    const std::size_t bytes = CPU_ALLOC_SIZE(cpus_max);
    CPU_ZERO_S(bytes, set);
    if (::sched_getaffinity(0, bytes, set) == 0) {
        for (int cpu = 0; cpu < cpus_max; ++cpu) {
            if (CPU_ISSET_S(cpu, bytes, set)) {
                usable.push_back(cpu);
            }
        }
    }
    CPU_FREE(set);
    if (usable.empty()) {
        usable.push_back(0);
    }
    return usable;
}

placement place(placement_mode mode, const std::vector<int>& cpus, std::int64_t workers,
                std::int64_t generator_threads) {
    const bool has_generator = generator_threads != 0;
    placement placed{mode, cpus, cpus, false, false};
    if (mode == placement_mode::same_core) {
        placed.server_cpus = placed.generator_cpus = {cpus.front()};
    } else if (mode == placement_mode::split) {
        const std::size_t reserved = has_generator && cpus.size() > 1 ? 1 : 0;
        const auto wanted = static_cast<std::size_t>(workers);
        if (wanted <= cpus.size() - reserved) {
            placed.server_cpus.resize(wanted);
        }
        const std::size_t left = cpus.size() - std::min(wanted, cpus.size() - reserved);
        const auto taken = static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(
            static_cast<std::size_t>(generator_threads), 1, std::max<std::size_t>(left, 1)));
        placed.generator_cpus.assign(cpus.end() - taken, cpus.end());
    }
    if (!has_generator) {
        placed.generator_cpus.clear();
    }
    placed.has_cpu_for_each = has_generator && static_cast<std::size_t>(generator_threads) <=
                                                   placed.generator_cpus.size();
    placed.is_shared =
        std::any_of(placed.server_cpus.begin(), placed.server_cpus.end(), [&](int cpu) {
            return std::count(placed.generator_cpus.begin(), placed.generator_cpus.end(), cpu) != 0;
        });
    return placed;
}

nlohmann::json to_json(const placement& placed) {
    return {{"mode", placement_name(placed.mode)},
            {"server_cpus", placed.server_cpus},
            {"generator_cpus", placed.generator_cpus},
            {"shared", placed.is_shared}};
}

}  // namespace regatta
