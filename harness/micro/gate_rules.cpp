// The gate's rule beside the rules of others, on simulated machines: how often each calls a change
// where there is none, and how often it finds one. Measures nothing: the same figures everywhere.
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/gate/rule.hpp"
#include "harness/gate/simulation/noise.hpp"
#include "harness/gate/simulation/rivals.hpp"
#include "harness/record/markdown.hpp"

namespace {

using namespace regatta::gate;
using simulation::machine;
using simulation::noise_shape;

constexpr std::size_t benchmarks = 20;
constexpr double tolerance = 0.05;

struct rival {
    const char* name;
    bool (*is_slower)(machine& on, double slowdown);
};
constexpr std::array<rival, 3> rivals{{
    {"compare.py", simulation::is_slower_by_compare_py},
    {"benchstat", simulation::is_slower_by_benchstat},
    {"one run, 10 %", simulation::is_slower_by_one_run},
}};

/// What one rule said in all runs.
struct tally {
    std::size_t benchmarks_called = 0;  ///< slower
    std::size_t runs_called = 0;        ///< with such a benchmark
};

struct result {
    tally gate;
    std::array<tally, rivals.size()> others;
    double pairs_mean = 0;
};

std::uint64_t seed_of(std::uint64_t run, std::size_t each) {
    return run * 1'000'003 + each;
}

tally count(std::uint64_t runs, auto&& is_slower) {
    tally counted;
    for (std::uint64_t run = 0; run < runs; ++run) {
        const std::size_t before = counted.benchmarks_called;
        for (std::size_t each = 0; each < benchmarks; ++each) {
            counted.benchmarks_called += is_slower(seed_of(run, each)) ? 1 : 0;
        }
        counted.runs_called += counted.benchmarks_called != before ? 1 : 0;
    }
    return counted;
}

result try_out(const noise_shape& shape, double slowdown, std::uint64_t runs) {
    const rule levels(benchmarks);
    const double shift = std::log1p(slowdown);
    result found;
    double pairs = 0;
    found.gate = count(runs, [&](std::uint64_t seed) {
        machine on(shape, seed);
        const auto differences =
            on.run_pairs(looks.back(), shift, static_cast<int>(benchmarks) - 1);
        const assessment said = assess(levels, differences, tolerance);
        pairs += static_cast<double>(said.pairs);
        return said.found == verdict::regressed;
    });
    found.pairs_mean = pairs / static_cast<double>(runs * benchmarks);
    for (std::size_t i = 0; i < rivals.size(); ++i) {
        found.others[i] = count(runs, [&](std::uint64_t seed) {
            machine on(shape, seed);
            return rivals[i].is_slower(on, shift);
        });
    }
    return found;
}

std::string percent(std::size_t part, std::size_t whole) {
    return fmt::format("{:.1f}", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

void print_table(double slowdown, const std::vector<double>& deviations, std::uint64_t runs) {
    using align = regatta::markdown_table::align;
    const bool is_alarm = slowdown == 0;
    std::vector<regatta::markdown_table::column> columns{
        {"noise", align::left}, {"CV %"}, {"gate"}};
    for (const rival& each : rivals) {
        columns.push_back({each.name});
    }
    columns.push_back({"pairs of the gate"});
    regatta::markdown_table table(columns);
    for (const double deviation : deviations) {
        for (const noise_shape& shape : simulation::shapes(deviation)) {
            const result found = try_out(shape, slowdown, runs);
            const auto cell = [&](const tally& counted) {
                return is_alarm ? percent(counted.runs_called, runs)
                                : percent(counted.benchmarks_called, runs * benchmarks);
            };
            std::vector<std::string> row{std::string(shape.name),
                                         fmt::format("{:.0f}", deviation * 100), cell(found.gate)};
            for (const tally& each : found.others) {
                row.push_back(cell(each));
            }
            row.push_back(fmt::format("{:.1f}", found.pairs_mean));
            table.add(std::move(row));
        }
    }
    if (is_alarm) {
        fmt::print(
            "Nothing has changed: of {} runs of {} benchmarks, per cent with a false alarm.\n\n",
            runs, benchmarks);
    } else {
        fmt::print(
            "\nThe head is {:.0f} % slower: per cent of {} benchmarks in which it is found.\n\n",
            slowdown * 100, runs * benchmarks);
    }
    fmt::print("{}", table.text());
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t runs = 500;
    CLI::App program(
        "The gate's rule beside those of compare.py, benchstat and one run over 10 %, on "
        "simulated\n"
        "machines with fixed seeds.");
    program.add_option("--runs", runs, "of 20 benchmarks, for each kind of noise")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : 2;
    }
    print_table(0, {0.03, 0.1}, runs);
    print_table(0.10, {0.03}, std::max<std::uint64_t>(runs / 5, 1));
    print_table(0.07, {0.03}, std::max<std::uint64_t>(runs / 5, 1));
    return 0;
}
