// How near runtimes come to the floor of echo over loopback: bare receives and sends, batched.
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <random>

#include <fmt/chrono.h>
#include <CLI/CLI.hpp>

#include "harness/failure.hpp"
#include "harness/measure/build_info.hpp"
#include "harness/measure/machine.hpp"
#include "harness/micro/loopback_floor/floor.hpp"
#include "harness/micro/shared/command_line.hpp"
#include "harness/micro/shared/echo_trial.hpp"
#include "harness/micro/shared/ratio.hpp"
#include "harness/record/markdown.hpp"
#include "harness/record/record_writer.hpp"
#include "harness/server/interrupt.hpp"

namespace {

using namespace regatta;
using nlohmann::json;

struct options {
    std::vector<std::string> runtimes = {"epoll", "uring", "uring_multishot"};
    std::int64_t size_bytes = 64;
    std::vector<std::int64_t> connections = {50, 500};
    std::string transport = "tcp";
    std::size_t rounds = 10;
    double warmup_s = 0.1;
    double measure_s = 0.3;
    std::uint64_t seed = 1;
    std::filesystem::path out;
};

/// The trials of one number of connections.
struct cell {
    std::int64_t connections;
    std::vector<floor::floor_figures> of_floor;
    std::vector<std::vector<micro::echo_figures>> of_runtimes;  // in the order of the options
};

std::chrono::nanoseconds nanoseconds(double seconds) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

bool is_over_unix(const options& given) {
    return given.transport == "unix";
}

micro::arm arm_of(const std::string& runtime, const options& given) {
    const auto program = program_folder().parent_path() / "runtimes" / runtime / runtime;
    if (!std::filesystem::exists(program)) {
        throw failure(fmt::format("there is no runtime '{}' in this build", runtime), 2);
    }
    micro::arm made{runtime,
                    {program.string(), "serve", "--workload", "echo", "--set",
                     fmt::format("size={}", given.size_bytes)}};
    if (is_over_unix(given)) {
        made.address = fmt::format("unix:@regatta-floor-{}", ::getpid());
        made.command.insert(made.command.end(), {"--listen", made.address});
    }
    return made;
}

void run_round(cell& each, const options& given, const placement& placed, std::uint64_t seed) {
    std::vector<std::size_t> order(given.runtimes.size() + 1);
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::mt19937_64 random(seed);
    std::shuffle(order.begin(), order.end(), random);
    const auto warmup = nanoseconds(given.warmup_s);
    const auto measure = nanoseconds(given.measure_s);
    for (const std::size_t which : order) {
        if (is_interrupted()) {
            throw interrupted();
        }
        if (which == given.runtimes.size()) {
            each.of_floor.push_back(floor::run_floor_trial(
                {given.size_bytes, each.connections, is_over_unix(given), warmup, measure},
                placed.server_cpus.front()));
        } else {
            each.of_runtimes[which].push_back(micro::run_echo_trial(
                arm_of(given.runtimes[which], given),
                {given.size_bytes, each.connections, warmup, measure, seed}, placed));
        }
    }
}

/// The floor's CPU time of the server's side over the runtime's: 1 would be the floor.
std::optional<micro::ratio> nearness(const cell& each, std::size_t runtime) {
    std::vector<std::pair<double, double>> pairs;
    for (std::size_t i = 0; i < each.of_floor.size(); ++i) {
        pairs.emplace_back(each.of_runtimes[runtime][i].cpu_ns_per_op,
                           each.of_floor[i].server_cpu_ns_per_op);
    }
    return micro::ratio_of(pairs);
}

template <class Trials, class Figure>
std::vector<double> values_of(const Trials& trials, Figure figure) {
    std::vector<double> values;
    for (const auto& each : trials) {
        values.push_back(each.*figure);
    }
    return values;
}

std::string table(const std::vector<cell>& cells, const options& given) {
    using enum markdown_table::align;
    regatta::markdown_table rows({{"connections"},
                                  {"server", left},
                                  {"CPU ns/op (server)"},
                                  {"rate /s"},
                                  {"share of the floor (95 %)"}});
    const auto middle = [](const auto& trials, auto figure) {
        return fmt::format("{:.0f}", stats::median(values_of(trials, figure)).value_or(0));
    };
    for (const cell& each : cells) {
        using floor::floor_figures;
        rows.add({std::to_string(each.connections), "floor",
                  middle(each.of_floor, &floor_figures::server_cpu_ns_per_op),
                  middle(each.of_floor, &floor_figures::rate_per_s), "1"});
        for (std::size_t i = 0; i < given.runtimes.size(); ++i) {
            const auto near = nearness(each, i);
            rows.add({std::to_string(each.connections), given.runtimes[i],
                      middle(each.of_runtimes[i], &micro::echo_figures::cpu_ns_per_op),
                      middle(each.of_runtimes[i], &micro::echo_figures::rate_per_s),
                      near ? fmt::format("{:.3f} ({:.3f}-{:.3f})", near->value, near->range.low,
                                         near->range.high)
                           : "n/a"});
        }
    }
    return rows.text();
}

json to_json(const std::vector<cell>& cells, const options& given) {
    json list = json::array();
    for (const cell& each : cells) {
        using floor::floor_figures;
        json runtimes = json::array();
        for (std::size_t i = 0; i < given.runtimes.size(); ++i) {
            const auto near = nearness(each, i);
            const auto& trials = each.of_runtimes[i];
            runtimes.push_back(
                {{"runtime", given.runtimes[i]},
                 {"throughput_per_s", values_of(trials, &micro::echo_figures::rate_per_s)},
                 {"cpu_ns_per_op", values_of(trials, &micro::echo_figures::cpu_ns_per_op)},
                 {"floor_share", near ? json(near->value) : json(nullptr)},
                 {"floor_share_interval",
                  near ? json({near->range.low, near->range.high}) : json(nullptr)}});
        }
        list.push_back(
            {{"connections", each.connections},
             {"floor_throughput_per_s", values_of(each.of_floor, &floor_figures::rate_per_s)},
             {"floor_server_cpu_ns_per_op",
              values_of(each.of_floor, &floor_figures::server_cpu_ns_per_op)},
             {"floor_client_cpu_ns_per_op",
              values_of(each.of_floor, &floor_figures::client_cpu_ns_per_op)},
             {"runtimes", std::move(runtimes)}});
    }
    return list;
}

int run(const options& given) {
    const std::string started_at =
        fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    std::vector<cell> cells;
    for (const std::int64_t connections : given.connections) {
        cells.push_back({connections,
                         {},
                         std::vector<std::vector<micro::echo_figures>>(given.runtimes.size())});
    }
    const interrupt_guard guard;
    const placement placed = place(placement_mode::same_core, usable_cpus(), 1, true);
    const auto file = given.out.empty() ? source_folder() / "results" / "raw" /
                                              fmt::format("loopback_floor-{}.jsonl", started_at)
                                        : given.out;
    record_writer record(file, !given.out.empty());
    for (std::size_t round = 0; round < given.rounds; ++round) {
        for (cell& each : cells) {
            run_round(each, given, placed, given.seed + round);
        }
    }
    fmt::print("{}", table(cells, given));
    record.append("micro", {{"program", "loopback_floor"},
                            {"started_at", started_at},
                            {"regatta", build_record()},
                            {"machine", machine_record()},
                            {"placement", to_json(placed)},
                            {"transport", given.transport},
                            {"size_bytes", given.size_bytes},
                            {"rounds", given.rounds},
                            {"warmup_ns", given.warmup_s * 1e9},
                            {"measured_ns", given.measure_s * 1e9},
                            {"seed", given.seed},
                            {"cells", to_json(cells, given)}});
    fmt::print("record: {}\n", file.string());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    options given;
    CLI::App program(
        "The floor of echo over loopback, bare receives and sends batched through io_uring,\n"
        "and how near runtimes come to it: CPU time of the server's side, all on one CPU.",
        "loopback_floor");
    program.add_option("--runtimes", given.runtimes, "one or several")
        ->delimiter(',')
        ->capture_default_str();
    program.add_option("--size", given.size_bytes, "bytes of a message")
        ->check(CLI::Range(1, 1 << 16))
        ->capture_default_str();
    program.add_option("--connections", given.connections, "one or several")
        ->delimiter(',')
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    program.add_option("--transport", given.transport, "tcp, or unix for sockets of AF_UNIX")
        ->check(CLI::IsMember({"tcp", "unix"}))
        ->capture_default_str();
    program.add_option("--rounds", given.rounds, "trials of each, interleaved")
        ->check(CLI::Range(4, 1000))
        ->capture_default_str();
    program.add_option("--measure", given.measure_s, "seconds of each measured window")
        ->check(CLI::Range(0.05, 60.0))
        ->capture_default_str();
    program.add_option("--seed", given.seed, "of the order")->capture_default_str();
    program.add_option("--out", given.out, "file for the record (results/raw/... unless given)");
    return micro::run_command_line(program, argc, argv, [&] { return run(given); });
}
