// What it costs that a workload is written once, as a coroutine template: `echo` on the runtimes
// `thread` and `epoll` against servers that do the same by hand (micro/native). The fairness of
// every comparison rests on it.
#include <sched.h>

#include <cstring>
#include <fstream>

#include <fmt/chrono.h>
#include <CLI/CLI.hpp>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/measure/machine.hpp"
#include "harness/micro/frame_overhead/comparison.hpp"
#include "harness/micro/frame_overhead/instructions.hpp"
#include "harness/micro/shared/command_line.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/server/interrupt.hpp"

namespace {

using namespace regatta;
using namespace regatta::overhead;

struct options {
    bool with_instructions = true;
    bool with_cpu_time = true;
    std::string placement = "same-core";
    std::filesystem::path out;
    std::filesystem::path from;
    cpu_time_options cpu_time;
};

constexpr int over_the_limit = 1;
constexpr int machine_lacks_something = 3;

std::filesystem::path build_folder() {
    return program_folder().parent_path();
}

arm control_arm(const std::string& name) {
    return {name, {(program_folder() / "native" / name).string()}};
}

arm shared_arm(const std::string& runtime) {
    const auto program = build_folder() / "runtimes" / runtime / runtime;
    return {runtime, {program.string(), "serve", "--workload", "echo"}};
}

placement pin(const options& given) {
    const auto mode = parse_placement(given.placement);
    const placement placed = place(*mode, usable_cpus(), 1, true);
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : placed.generator_cpus) {
        CPU_SET(cpu, &set);
    }
    ::sched_setaffinity(0, sizeof set, &set);
    return placed;
}

// The pairs, and what the shared source may cost more in each. A session that never suspends is
// nearly a plain function. One that suspends pays for what g++ 12 does in every resumption: it
// keeps all variables in the frame and finds its place by a jump table. The hand-written coroutine
// pays that too (some 27 instructions more than the callback); the rest is the concept's: bytes
// that are lent, errors as values, idle connections without a buffer.
const std::vector<comparison> pairs = {{"thread", "blocking_echo", 10, {}, {}, {}},
                                       {"epoll", "coroutine_echo", 10, {}, {}, {}},
                                       {"epoll", "epoll_echo", 45, {}, {}, {}}};

comparison measure(comparison pair, const placement& placed, const options& given) {
    if (given.with_instructions) {
        pair.control_instructions = instructions_per_request(control_arm(pair.control));
        pair.shared_instructions = instructions_per_request(shared_arm(pair.runtime));
    }
    if (given.with_cpu_time) {
        pair.cpu_ns_pairs = cpu_time_pairs(control_arm(pair.control), shared_arm(pair.runtime),
                                           placed, given.cpu_time);
    }
    return pair;
}

void write_record(const options& given, const placement& placed, const std::string& started_at,
                  const std::vector<comparison>& comparisons) {
    const std::string name = fmt::format("frame_overhead-{}.jsonl", started_at);
    const auto file = given.out.empty() ? source_folder() / "results" / "raw" / name : given.out;
    record_writer(file, !given.out.empty())
        .append("micro", {{"program", "frame_overhead"},
                          {"started_at", started_at},
                          {"regatta", build_record()},
                          {"machine", machine_record()},
                          {"placement", to_json(placed)},
                          {"connections", given.cpu_time.connections},
                          {"requests_per_trial", given.cpu_time.requests},
                          {"seed", given.cpu_time.seed},
                          {"comparisons", to_json(comparisons)}});
    fmt::print("record: {}\n", file.string());
}

int print_records(const std::filesystem::path& file) {
    std::ifstream lines(file);
    if (!lines) {
        throw failure("cannot read " + file.string() + ": " + std::strerror(errno), 1);
    }
    for (std::string line; std::getline(lines, line);) {
        fmt::print("{}",
                   table(comparisons_from_json(nlohmann::json::parse(line).at("comparisons"))));
    }
    return 0;
}

int run(options given) {
    const std::string started_at =
        fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    if (given.with_instructions && !can_count_instructions()) {
        if (!given.with_cpu_time) {
            throw failure("valgrind is not on PATH: install valgrind", machine_lacks_something);
        }
        fmt::print(stderr,
                   "frame_overhead: valgrind is not on PATH: instructions are not counted\n");
        given.with_instructions = false;
    }
    const interrupt_guard guard;
    const placement placed = pin(given);
    std::vector<comparison> comparisons;
    for (const comparison& pair : pairs) {
        comparisons.push_back(measure(pair, placed, given));
    }
    fmt::print("{}", table(comparisons));
    write_record(given, placed, started_at, comparisons);
    const bool is_over = std::any_of(comparisons.begin(), comparisons.end(), [](const auto& each) {
        return each.is_above_instruction_limit();
    });
    return is_over ? over_the_limit : 0;
}

}  // namespace

int main(int argc, char** argv) {
    options given;
    CLI::App program(
        "What the shared source of a workload costs against hand-written servers.\n"
        "Exits with 1 when it costs more user instructions per request than its limit.",
        "frame_overhead");
    program.add_flag("!--no-instructions", given.with_instructions,
                     "do not count instructions with callgrind");
    program.add_flag("!--no-cpu-time", given.with_cpu_time, "do not measure CPU time");
    program.add_option("--pairs", given.cpu_time.pairs, "trials of each arm, interleaved")
        ->check(CLI::Range(4, 1000))
        ->capture_default_str();
    program.add_option("--requests", given.cpu_time.requests, "requests of one trial")
        ->check(CLI::Range(100, 100'000'000))
        ->capture_default_str();
    program.add_option("--connections", given.cpu_time.connections, "connections of one trial")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    program.add_option("--seed", given.cpu_time.seed, "of the order within the pairs")
        ->capture_default_str();
    program.add_option("--placement", given.placement, "CPUs of server and client")
        ->check(CLI::IsMember({"same-core", "split", "free"}))
        ->capture_default_str();
    program.add_option("--out", given.out, "file for the record (results/raw/... unless given)");
    program.add_option("--from", given.from, "only print the tables of these records")
        ->type_name("FILE");
    return micro::run_command_line(program, argc, argv, [&] {
        return given.from.empty() ? run(given) : print_records(given.from);
    });
}
