#pragma once

#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace regatta {

/// The order in which round `round` runs `count` benchmarks: a random permutation that depends only
/// on `seed` and `round`, the same with every standard library (Fisher-Yates over mt19937_64, whose
/// output the standard fixes; std::shuffle's use of it is not fixed).
inline std::vector<std::size_t> trial_order(std::size_t count, std::uint64_t seed,
                                            std::uint64_t round) {
    std::mt19937_64 random(seed ^ (round * 0x9e3779b97f4a7c15ULL));
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = count; i > 1; --i) {
        // The bias of the remainder is below count / 2^64.
        std::swap(order[i - 1], order[random() % i]);
    }
    return order;
}

}  // namespace regatta
