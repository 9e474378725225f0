#include "harness/gate/simulation/rivals.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/stats/interval.hpp"

namespace regatta::gate::simulation {
namespace {

constexpr double level = 0.05;

struct two_blocks {
    std::vector<double> base;
    std::vector<double> head;
};

two_blocks run_blocks(machine& on, std::size_t trials, double slowdown) {
    two_blocks ran;
    for (std::size_t i = 0; i < trials; ++i) {
        ran.base.push_back(std::exp(on.run_trial(0)));
    }
    for (std::size_t i = 0; i < trials; ++i) {
        ran.head.push_back(std::exp(on.run_trial(slowdown)));
    }
    return ran;
}

}  // namespace

double mann_whitney_p(std::span<const double> a, std::span<const double> b) {
    std::size_t u = 0;
    for (const double x : a) {
        u += static_cast<std::size_t>(
            std::count_if(b.begin(), b.end(), [x](double y) { return y < x; }));
    }
    // ways[i][v]: choices of i of the values so far, whose U is v.
    const std::size_t largest = a.size() * b.size();
    std::vector<std::vector<double>> ways(a.size() + 1, std::vector<double>(largest + 1, 0));
    ways[0][0] = 1;
    for (std::size_t rank = 0; rank < a.size() + b.size(); ++rank) {
        for (std::size_t i = std::min(a.size(), rank + 1); i > 0; --i) {
            // A value of `a` at this rank is above the rank - (i - 1) values of `b` before it.
            const std::size_t below = rank - (i - 1);
            for (std::size_t v = below; below <= b.size() && v <= largest; ++v) {
                ways[i][v] += ways[i - 1][v - below];
            }
        }
    }
    const std::vector<double>& counts = ways.back();
    const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
    const std::size_t extreme = std::min(u, largest - u);
    const double tail = std::accumulate(
        counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(extreme) + 1, 0.0);
    return std::min(1.0, 2 * tail / all);
}

bool is_slower_by_compare_py(machine& on, double slowdown) {
    const two_blocks ran = run_blocks(on, 9, slowdown);
    return mann_whitney_p(ran.base, ran.head) < level &&
           stats::mean(ran.head) > stats::mean(ran.base);
}

bool is_slower_by_benchstat(machine& on, double slowdown) {
    const two_blocks ran = run_blocks(on, 10, slowdown);
    return mann_whitney_p(ran.base, ran.head) < level &&
           stats::median(ran.head) > stats::median(ran.base);
}

bool is_slower_by_one_run(machine& on, double slowdown) {
    const two_blocks ran = run_blocks(on, 1, slowdown);
    return ran.head.front() > 1.1 * ran.base.front();
}

}  // namespace regatta::gate::simulation
