#include "harness/plan/nearest.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace regatta {

std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::vector<std::size_t>> cost(from.size() + 1,
                                               std::vector<std::size_t>(to.size() + 1));
    for (std::size_t i = 0; i <= from.size(); ++i) {
        cost[i][0] = i;
    }
    for (std::size_t j = 0; j <= to.size(); ++j) {
        cost[0][j] = j;
    }
    for (std::size_t i = 1; i <= from.size(); ++i) {
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t change = from[i - 1] == to[j - 1] ? 0 : 1;
            cost[i][j] =
                std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[from.size()][to.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> choices) {
    const std::string* best = nullptr;
    std::size_t best_distance = 0;
    for (const std::string& choice : choices) {
        const std::size_t distance = edit_distance(word, choice);
        if (distance * 3 > std::max<std::size_t>({word.size(), choice.size(), 3})) {
            continue;
        }
        if (best == nullptr || distance < best_distance) {
            best = &choice;
            best_distance = distance;
        }
    }
    return best == nullptr ? std::string() : *best;
}

std::string nearest_first(std::string_view word, std::vector<std::string> choices) {
    const std::string best = nearest(word, choices);
    const auto at = std::find(choices.begin(), choices.end(), best);
    if (at != choices.end()) {
        std::rotate(choices.begin(), at, at + 1);
    }
    return fmt::format("{}", fmt::join(choices, ", "));
}

}  // namespace regatta
