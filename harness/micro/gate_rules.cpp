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
#include "harness/stats/share.hpp"

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

/// Different for every kind of noise, so that alarms of all kinds can be counted together.
std::uint64_t seed_of(std::uint64_t kind, std::uint64_t run, std::size_t each) {
    return (kind << 40) + run * 1'000'003 + each;
}

tally count(std::uint64_t kind, std::uint64_t runs, auto&& is_slower) {
    tally counted;
    for (std::uint64_t run = 0; run < runs; ++run) {
        const std::size_t before = counted.benchmarks_called;
        for (std::size_t each = 0; each < benchmarks; ++each) {
            counted.benchmarks_called += is_slower(seed_of(kind, run, each)) ? 1 : 0;
        }
        counted.runs_called += counted.benchmarks_called != before ? 1 : 0;
    }
    return counted;
}

result try_out(const noise_shape& shape, std::uint64_t kind, double slowdown, std::uint64_t runs) {
    const rule levels(benchmarks);
    const double shift = std::log1p(slowdown);
    result found;
    double pairs = 0;
    found.gate = count(kind, runs, [&](std::uint64_t seed) {
        machine on(shape, seed);
        const auto differences =
            on.run_pairs(looks.back(), shift, static_cast<int>(benchmarks) - 1);
        const assessment said = assess(levels, differences, tolerance);
        pairs += static_cast<double>(said.pairs);
        return said.found == verdict::regressed;
    });
    found.pairs_mean = pairs / static_cast<double>(runs * benchmarks);
    for (std::size_t i = 0; i < rivals.size(); ++i) {
        found.others[i] = count(kind, runs, [&](std::uint64_t seed) {
            machine on(shape, seed);
            return rivals[i].is_slower(on, shift);
        });
    }
    return found;
}

std::string percent(std::size_t part, std::size_t whole, int digits = 1) {
    return fmt::format("{:.{}f}", 100 * static_cast<double>(part) / static_cast<double>(whole),
                       digits);
}

/// "0.86-1.18"
std::string interval(std::size_t part, std::size_t whole) {
    const auto [low, high] = regatta::stats::share_interval(part, whole);
    return fmt::format("{:.2f}-{:.2f}", 100 * low, 100 * high);
}

/// The tries of all kinds of noise.
std::vector<result> try_all(double deviation, double slowdown, std::uint64_t runs) {
    std::vector<result> found;
    for (const noise_shape& shape : simulation::shapes(deviation)) {
        found.push_back(try_out(shape, found.size(), slowdown, runs));
    }
    return found;
}

using columns = std::vector<regatta::markdown_table::column>;

columns columns_of(columns of_gate) {
    columns all{{"noise", regatta::markdown_table::align::left}, {"CV %"}};
    all.insert(all.end(), of_gate.begin(), of_gate.end());
    for (const rival& each : rivals) {
        all.push_back({each.name});
    }
    all.push_back({"pairs of the gate"});
    return all;
}

void print_alarms(const std::vector<double>& deviations, std::uint64_t runs) {
    regatta::markdown_table table(columns_of({{"gate"}, {"95 %"}}));
    std::string sums;
    for (const double deviation : deviations) {
        const auto found = try_all(deviation, 0, runs);
        std::size_t alarms = 0;
        for (std::size_t kind = 0; kind < found.size(); ++kind) {
            const std::size_t own = found[kind].gate.runs_called;
            alarms += own;
            std::vector<std::string> row{std::string(simulation::shapes(deviation)[kind].name),
                                         fmt::format("{:.0f}", deviation * 100),
                                         percent(own, runs, 2), interval(own, runs)};
            for (const tally& each : found[kind].others) {
                row.push_back(percent(each.runs_called, runs));
            }
            row.push_back(fmt::format("{:.1f}", found[kind].pairs_mean));
            table.add(std::move(row));
        }
        const std::size_t all = found.size() * runs;
        sums += fmt::format(
            "All kinds at {:.0f} %: the gate has a false alarm in {} of {} runs, {} % (95 %: "
            "{}).\n",
            deviation * 100, alarms, all, percent(alarms, all, 2), interval(alarms, all));
    }
    fmt::print(
        "Nothing has changed: of {} runs of {} benchmarks, per cent with a false alarm.\n\n{}\n{}",
        runs, benchmarks, table.text(), sums);
}

void print_found(double slowdown, double deviation, std::uint64_t runs) {
    regatta::markdown_table table(columns_of({{"gate"}}));
    const auto found = try_all(deviation, slowdown, runs);
    for (std::size_t kind = 0; kind < found.size(); ++kind) {
        const auto cell = [&](const tally& counted) {
            return percent(counted.benchmarks_called, runs * benchmarks);
        };
        std::vector<std::string> row{std::string(simulation::shapes(deviation)[kind].name),
                                     fmt::format("{:.0f}", deviation * 100),
                                     cell(found[kind].gate)};
        for (const tally& each : found[kind].others) {
            row.push_back(cell(each));
        }
        row.push_back(fmt::format("{:.1f}", found[kind].pairs_mean));
        table.add(std::move(row));
    }
    fmt::print(
        "\nThe head is {:.0f} % slower: per cent of {} benchmarks in which it is found.\n\n{}",
        slowdown * 100, runs * benchmarks, table.text());
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t runs = 2000;
    CLI::App program(
        "The gate's rule beside those of compare.py, benchstat and one run over 10 %, on "
        "simulated\n"
        "machines with fixed seeds.");
    program
        .add_option("--runs", runs,
                    "without change, of 20 benchmarks, for each kind of noise; a twentieth with")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : 2;
    }
    const std::uint64_t slowed = std::max<std::uint64_t>(runs / 20, 1);
    print_alarms({0.03, 0.1}, runs);
    print_found(0.10, 0.03, slowed);
    print_found(0.07, 0.03, slowed);
    return 0;
}
