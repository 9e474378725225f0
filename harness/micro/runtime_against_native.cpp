// Each runtime against a plain server written by hand on the same library (micro/native): what the
// runtime loses, or wins, in throughput and in CPU time per request.
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <fstream>
#include <random>

#include <fmt/chrono.h>
#include <CLI/CLI.hpp>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/measure/machine.hpp"
#include "harness/micro/runtime_against_native/comparison.hpp"
#include "harness/micro/shared/command_line.hpp"
#include "harness/plan/filter.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/server/interrupt.hpp"

namespace {

using namespace regatta;
using namespace regatta::against_native;

constexpr std::pair<const char*, const char*> pairs[] = {
    {"thread", "blocking_echo"},     {"epoll", "epoll_echo"},
    {"asio", "asio_echo"},           {"asio_uring", "asio_uring_echo"},
    {"asio", "asio_coroutine_echo"}, {"asio_uring", "asio_uring_coroutine_echo"},
    {"fiber", "fiber_echo"},         {"fiber_uring", "fiber_uring_echo"},
    {"uring", "uring_echo"},         {"uring_multishot", "multishot_echo"},
};

struct options {
    std::string runtimes = ".*";
    std::vector<std::int64_t> sizes = {64, 1024};
    std::vector<std::int64_t> connections = {1, 50, 500, 5000};
    std::size_t rounds = 10;
    double warmup_s = 0.1;
    double measure_s = 0.3;
    std::uint64_t seed = 1;
    std::string placement = "same-core";
    std::string transport = "tcp";
    std::filesystem::path out;
    std::filesystem::path from;
};

std::filesystem::path control_program(const comparison& each) {
    return program_folder() / "native" / each.control;
}

std::filesystem::path runtime_program(const comparison& each) {
    return program_folder().parent_path() / "runtimes" / each.runtime / each.runtime;
}

filter wanted_of(const options& given) {
    try {
        return filter(given.runtimes);
    } catch (const failure& error) {
        throw usage_failure(fmt::format("--runtimes: {}", error.what()));
    }
}

std::vector<comparison> plan(const options& given) {
    std::vector<comparison> planned;
    const filter wanted = wanted_of(given);
    for (const std::int64_t size : given.sizes) {
        for (const std::int64_t connections : given.connections) {
            for (const auto& [runtime, control] : pairs) {
                comparison each{runtime, control, size, connections, {}, {}, {}};
                if (!wanted.matches(runtime)) {
                    continue;
                }
                for (const auto& program : {runtime_program(each), control_program(each)}) {
                    if (!std::filesystem::exists(program)) {
                        each.reason = program.string() + " is not built";
                    }
                }
                planned.push_back(std::move(each));
            }
        }
    }
    if (planned.empty()) {
        throw usage_failure("--runtimes " + given.runtimes + ": no runtime has such a name");
    }
    return planned;
}

/// One trial of each, back to back in random order; what fails ends the comparison's rounds.
void run_round(comparison& each, const echo_load& load, const placement& placed, bool control_first,
               bool is_over_unix) {
    micro::arm control{each.control, {control_program(each).string()}};
    micro::arm runtime{each.runtime,
                       {runtime_program(each).string(), "serve", "--workload", "echo", "--set",
                        fmt::format("size={}", each.size_bytes)}};
    if (is_over_unix) {
        // A name of its own for each server: that of one that has just ended may still be taken.
        static int servers = 0;
        const auto next_name = [] {
            return fmt::format("regatta-native-{}-{}", ::getpid(), ++servers);
        };
        const std::string name = next_name();
        control.address = "unix:@" + name;
        control.command.insert(control.command.begin(), {"env", "CONTROL_UNIX_NAME=" + name});
        runtime.address = "unix:@" + next_name();
        runtime.command.insert(runtime.command.end(), {"--listen", runtime.address});
    }
    try {
        const echo_figures first = run_echo_trial(control_first ? control : runtime, load, placed);
        const echo_figures second = run_echo_trial(control_first ? runtime : control, load, placed);
        each.of_control.push_back(control_first ? first : second);
        each.of_runtime.push_back(control_first ? second : first);
    } catch (const trial_failure& reason) {
        each.reason = reason.what();
    }
}

void run_all(std::vector<comparison>& comparisons, const options& given, const placement& placed) {
    std::mt19937_64 random(given.seed);
    std::vector<comparison*> order;
    for (comparison& each : comparisons) {
        order.push_back(&each);
    }
    const auto duration = [](double seconds) {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
    };
    for (std::size_t round = 0; round < given.rounds; ++round) {
        std::shuffle(order.begin(), order.end(), random);
        for (comparison* const each : order) {
            const echo_load load{each->size_bytes, each->connections, duration(given.warmup_s),
                                 duration(given.measure_s), given.seed + round};
            const bool control_first = random() % 2 == 0;
            if (each->reason.empty()) {
                run_round(*each, load, placed, control_first, given.transport == "unix");
            }
        }
    }
}

int print_records(const std::filesystem::path& file) {
    std::ifstream lines(file);
    if (!lines) {
        throw failure("cannot read " + file.string() + ": " + std::strerror(errno), 1);
    }
    for (std::string line; std::getline(lines, line);) {
        fmt::print("{}", table(comparisons_from_json(nlohmann::json::parse(line).at("ratios"))));
    }
    return 0;
}

int run(const options& given) {
    const std::string started_at =
        fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    std::vector<comparison> comparisons = plan(given);
    const interrupt_guard guard;
    const placement placed = place(*parse_placement(given.placement), usable_cpus(), 1, true);
    const std::string name = fmt::format("runtime_against_native-{}.jsonl", started_at);
    const auto file = given.out.empty() ? source_folder() / "results" / "raw" / name : given.out;
    record_writer record(file, !given.out.empty());
    run_all(comparisons, given, placed);
    fmt::print("{}", table(comparisons));
    record.append("micro", {{"program", "runtime_against_native"},
                            {"started_at", started_at},
                            {"regatta", build_record()},
                            {"machine", machine_record()},
                            {"placement", to_json(placed)},
                            {"transport", given.transport},
                            {"rounds", given.rounds},
                            {"warmup_ns", given.warmup_s * 1e9},
                            {"measured_ns", given.measure_s * 1e9},
                            {"seed", given.seed},
                            {"ratios", to_json(comparisons)}});
    fmt::print("record: {}\n", file.string());
    return 0;
}

void declare(CLI::App& program, options& given) {
    program.add_option("--runtimes", given.runtimes, "only runtimes whose name has this in it")
        ->type_name("REGEX")
        ->capture_default_str();
    program.add_option("--sizes", given.sizes, "bytes of a message, one or several")
        ->delimiter(',')
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    program.add_option("--connections", given.connections, "one or several")
        ->delimiter(',')
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    program.add_option("--rounds", given.rounds, "trials of each arm, interleaved")
        ->check(CLI::Range(4, 1000))
        ->capture_default_str();
    program.add_option("--warmup", given.warmup_s, "seconds before each measured window")
        ->check(CLI::Range(0.01, 60.0))
        ->capture_default_str();
    program.add_option("--measure", given.measure_s, "seconds of each measured window")
        ->check(CLI::Range(0.05, 60.0))
        ->capture_default_str();
    program.add_option("--seed", given.seed, "of the order")->capture_default_str();
    program.add_option("--placement", given.placement, "CPUs of server and client")
        ->check(CLI::IsMember({"same-core", "split", "free"}))
        ->capture_default_str();
    program.add_option("--transport", given.transport, "tcp, or unix for sockets of AF_UNIX")
        ->check(CLI::IsMember({"tcp", "unix"}))
        ->capture_default_str();
    program.add_option("--out", given.out, "file for the record (results/raw/... unless given)");
    program.add_option("--from", given.from, "only print the tables of these records")
        ->type_name("FILE");
}

}  // namespace

int main(int argc, char** argv) {
    options given;
    CLI::App program(
        "Each runtime against a plain server written by hand on the same library, in pairs of\n"
        "fresh processes under the same closed loop of echo.",
        "runtime_against_native");
    declare(program, given);
    return micro::run_command_line(program, argc, argv, [&] {
        return given.from.empty() ? run(given) : print_records(given.from);
    });
}
