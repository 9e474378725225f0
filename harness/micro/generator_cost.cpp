// What the load generator costs itself: its CPU time per request beside wrk's and h2load's on the
// workload http, and its latency on one connection beside sockperf's. A generator that costs as
// much as the server measures itself.
#include <cstring>
#include <fstream>

#include <fmt/chrono.h>
#include <CLI/CLI.hpp>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/measure/machine.hpp"
#include "harness/micro/generator_cost/figures.hpp"
#include "harness/micro/shared/command_line.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/server/interrupt.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

struct arguments {
    generator_cost::options options;
    std::string placement = "split";
    std::filesystem::path out;
    std::filesystem::path from;
};

int print_records(const std::filesystem::path& file) {
    std::ifstream lines(file);
    if (!lines) {
        throw failure("cannot read " + file.string() + ": " + std::strerror(errno), 1);
    }
    for (std::string line; std::getline(lines, line);) {
        fmt::print("{}", generator_cost::tables(json::parse(line)));
    }
    return 0;
}

int run(const arguments& given) {
    const std::string started_at =
        fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    const interrupt_guard guard;
    const placement placed = place(*parse_placement(given.placement), usable_cpus(), 1, 1);
    const auto found = generator_cost::run_rounds(given.options, placed);
    json record = generator_cost::to_json(found);
    fmt::print("{}", generator_cost::tables(record));
    record.update({{"program", "generator_cost"},
                   {"started_at", started_at},
                   {"regatta", build_record()},
                   {"machine", machine_record()},
                   {"placement", to_json(placed)},
                   {"runtime", given.options.runtime},
                   {"connections", given.options.asked.connections},
                   {"seconds_per_trial", given.options.asked.seconds},
                   {"seed", given.options.seed}});
    const std::string name = fmt::format("generator_cost-{}.jsonl", started_at);
    const auto file = given.out.empty() ? source_folder() / "results" / "raw" / name : given.out;
    record_writer(file, !given.out.empty()).append("micro", std::move(record));
    fmt::print("\nrecord: {}\n", file.string());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    arguments given;
    CLI::App program(
        "What the load generator costs beside wrk, h2load and sockperf, on the same servers, in\n"
        "interleaved trials. What is not installed is left out, and said.",
        "generator_cost");
    program.add_option("--runtime", given.options.runtime, "whose http and echo are loaded")
        ->capture_default_str();
    program.add_option("--rounds", given.options.rounds, "trials of each generator, interleaved")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    program.add_option("--seconds", given.options.asked.seconds, "length of one trial")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    program.add_option("--connections", given.options.asked.connections, "connections on http")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    program.add_option("--seed", given.options.seed, "of the order within the rounds")
        ->capture_default_str();
    program.add_option("--placement", given.placement, "CPUs of server and generator")
        ->check(CLI::IsMember({"same-core", "split", "free"}))
        ->capture_default_str();
    program.add_option("--out", given.out, "file for the record (results/raw/... unless given)");
    program.add_option("--from", given.from, "only print the tables of these records")
        ->type_name("FILE");
    return micro::run_command_line(program, argc, argv, [&] {
        return given.from.empty() ? run(given) : print_records(given.from);
    });
}
