#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/failure.hpp"
#include "harness/plan/filter.hpp"
#include "harness/plan/nearest.hpp"
#include "harness/plan/order.hpp"
#include "harness/plan/placement.hpp"
#include "harness/plan/selection.hpp"

namespace regatta {
namespace {

namespace fs = std::filesystem;

/// Two runtimes that can do everything, one that cannot hash, one that is not here, one for tests.
std::vector<runtime_entry> fleet() {
    std::vector<runtime_entry> all;
    for (const char* name : {"alpha", "beta", "gamma", "lost", "zero"}) {
        runtime_entry entry;
        entry.name = name;
        for (const workload_info& each : all_workload_info()) {
            entry.workloads[each.name] = {true, ""};
        }
        all.push_back(entry);
    }
    all[0].parameters = {{"stack_bytes", "bytes", "", 65536, 16384, 1 << 20, {}},
                         {"engine", "", "", 0, 0, 1, {"epoll", "poll"}}};
    all[2].workloads["hash"] = {false, "no hands"};
    all[3].state = runtime_entry::status::unavailable;
    all[3].reason = "gone fishing";
    all[4].is_reference_only = true;
    return all;
}

std::vector<std::string> names(const selection& chosen) {
    std::vector<std::string> all;
    for (const benchmark& each : chosen.benchmarks) {
        all.push_back(each.name());
    }
    return all;
}

/// The line with which `action` fails, or "" when it does not.
template <class Action>
std::string refusal(Action action) {
    try {
        action();
    } catch (const failure& error) {
        return error.what();
    }
    return "";
}

class suite_file : public ::testing::Test {
protected:
    std::string write(const std::string& text) {
        folder_ = fs::path(testing::TempDir()) / fmt::format("suite_file.{}", ::getpid());
        fs::create_directories(folder_);
        path_ = folder_ / "suite_test.toml";
        std::ofstream(path_) << text;
        return path_;
    }
    std::string refusal_of(const std::string& text) {
        const std::string path = write(text);
        std::string line = refusal([&] { select({path, {}, {}}, fleet_); });
        const std::size_t at = line.find(path);
        return at == std::string::npos ? line : line.erase(at, path.size());
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::vector<runtime_entry> fleet_ = fleet();
    fs::path folder_;
    std::string path_;
};

TEST(nearest, finds_a_slip_and_nothing_far) {
    const std::vector<std::string> words{"list", "doctor", "verify", "run"};
    EXPECT_EQ(nearest("rnu", words), "run");
    EXPECT_EQ(nearest("verfy", words), "verify");
    EXPECT_EQ(nearest("lst", words), "list");
    EXPECT_EQ(nearest("zebra", words), "");
    EXPECT_EQ(nearest_first("docter", words), "doctor, list, verify, run");
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
}

TEST(order, is_a_permutation_fixed_by_seed_and_round) {
    const std::vector<std::size_t> expected{2, 3, 4, 0, 1};
    std::vector<std::size_t> sorted = trial_order(50, 7, 3);
    EXPECT_EQ(trial_order(50, 7, 3), sorted);
    EXPECT_NE(trial_order(50, 7, 4), sorted);
    EXPECT_NE(trial_order(50, 8, 3), sorted);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        EXPECT_EQ(sorted[i], i);
    }
    EXPECT_TRUE(trial_order(0, 1, 0).empty());
    // From the standard's own algorithms for mt19937_64, worked out independently in Python.
    EXPECT_EQ(trial_order(5, 42, 0), expected);
}

TEST(filter, says_where_it_is_malformed) {
    EXPECT_EQ(refusal([] { filter("echo/(asio|"); }),
              "'echo/(asio|' is no regular expression: a parenthesis without its partner at "
              "character 6, '(asio|'");
    EXPECT_NE(refusal([] { filter("a[z-b]"); }).find("character 2"), std::string::npos);
    EXPECT_TRUE(filter("echo/.*:50").matches("echo/asio/size:64/connections:500/workers:1"));
    EXPECT_FALSE(filter("echo$").matches("echo/asio"));
}

TEST(placement, keeps_server_and_generator_apart_while_it_can) {
    const placement one = place(placement_mode::split, {0, 1, 2}, 2, true);
    EXPECT_EQ(one.server_cpus, (std::vector{0, 1}));
    EXPECT_EQ(one.generator_cpus, (std::vector{2}));
    EXPECT_FALSE(one.is_shared);
    const placement crowded = place(placement_mode::split, {4, 6}, 2, true);
    EXPECT_EQ(crowded.server_cpus, (std::vector{4, 6}));
    EXPECT_TRUE(crowded.is_shared);
    const placement roomy = place(placement_mode::split, {0, 1, 2, 3, 4}, 2, 2);
    EXPECT_EQ(roomy.server_cpus, (std::vector{0, 1}));
    EXPECT_EQ(roomy.generator_cpus, (std::vector{3, 4}));
    const placement narrow = place(placement_mode::split, {0, 1, 2}, 2, 2);
    EXPECT_EQ(narrow.generator_cpus, std::vector{2});
    EXPECT_FALSE(narrow.is_shared);

    const placement alone = place(placement_mode::split, {3}, 1, true);
    EXPECT_EQ(alone.server_cpus, alone.generator_cpus);
    EXPECT_TRUE(alone.is_shared);
    const placement job = place(placement_mode::split, {0, 1}, 2, false);
    EXPECT_EQ(job.server_cpus, (std::vector{0, 1}));
    EXPECT_TRUE(job.generator_cpus.empty());
    EXPECT_FALSE(job.is_shared);
    EXPECT_TRUE(place(placement_mode::same_core, {0, 1}, 1, true).is_shared);
    EXPECT_TRUE(place(placement_mode::free, {0, 1}, 1, true).is_shared);
    EXPECT_FALSE(parse_placement("same_core"));
    EXPECT_EQ(parse_placement("same-core"), placement_mode::same_core);
}

TEST(benchmark, names_what_differs_from_the_runtimes_defaults) {
    const auto runtimes = fleet();
    benchmark arm = default_benchmark(*find_workload("echo"), runtimes[0]);
    EXPECT_EQ(arm.name(), "echo/alpha/size:64/connections:50/workers:1");
    EXPECT_FALSE(assign(arm, "depth", "16"));
    EXPECT_FALSE(assign(arm, "stack_bytes", "32768"));
    EXPECT_FALSE(assign(arm, "engine", "poll"));
    EXPECT_EQ(arm.name(),
              "echo/alpha/size:64/connections:50/depth:16/workers:1/stack_bytes:32768/engine:poll");
    EXPECT_EQ(arm.parameters_json().at("engine"), "poll");
    EXPECT_EQ(arm.parameters_json().at("depth"), 16);
    EXPECT_EQ(*assign(arm, "size", "0"),
              "size = 0: must be a whole number from 1 to 1048576 (bytes)");
    EXPECT_EQ(*assign(arm, "size", "12x"),
              "size = 12x: must be a whole number from 1 to 1048576 (bytes)");
    EXPECT_EQ(*assign(arm, "engine", "kqueue"), "engine = kqueue: must be one of: epoll, poll");
    benchmark job = default_benchmark(*find_workload("hash"), runtimes[1]);
    EXPECT_EQ(job.name(), "hash/beta/block_bytes:65536/blocks:64/workers:1");
    EXPECT_FALSE(has_parameter(job, "connections"));
}

TEST_F(suite_file, expands_axes_in_the_names_order_for_each_able_runtime) {
    const std::string path = write(
        "rounds = 4\n[[benchmark]]\nworkload = 'echo'\nruntimes = ['alpha', 'be.*', 'lost']\n"
        "params = { connections = [1, 2], size = [10, 20] }\n"
        "[[benchmark]]\nworkload = 'hash'\n");
    const selection chosen = select({path, {}, {}}, fleet_);
    EXPECT_EQ(chosen.suite_name, "suite_test");
    EXPECT_EQ(chosen.timing.rounds, 4);
    EXPECT_EQ(names(chosen), (std::vector<std::string>{
                                 "echo/alpha/size:10/connections:1/workers:1",
                                 "echo/beta/size:10/connections:1/workers:1",
                                 "echo/alpha/size:10/connections:2/workers:1",
                                 "echo/beta/size:10/connections:2/workers:1",
                                 "echo/alpha/size:20/connections:1/workers:1",
                                 "echo/beta/size:20/connections:1/workers:1",
                                 "echo/alpha/size:20/connections:2/workers:1",
                                 "echo/beta/size:20/connections:2/workers:1",
                                 "hash/alpha/block_bytes:65536/blocks:64/workers:1",
                                 "hash/beta/block_bytes:65536/blocks:64/workers:1",
                             }));
    EXPECT_EQ(chosen.notes, (std::vector<std::string>{"gamma is left out of hash: no hands",
                                                      "lost is left out: gone fishing"}));
}

TEST_F(suite_file, a_filter_keeps_the_notes_on_what_it_keeps) {
    const auto path = write(
        "[[benchmark]]\nworkload = 'echo'\n"
        "[[benchmark]]\nworkload = 'hash'\n");
    const auto notes_with = [&](const std::string& filter) {
        return select({path, filter, {}}, fleet_).notes;
    };
    EXPECT_EQ(notes_with("^hash/").front(), "gamma is left out of hash: no hands");
    EXPECT_EQ(notes_with("^echo/"), std::vector<std::string>{"lost is left out: gone fishing"});
}

TEST_F(suite_file, what_keeps_out_of_suites_is_run_where_it_is_named) {
    auto runtimes = fleet();
    runtimes.resize(2);
    runtimes[1].is_in_suites = false;
    const auto chosen_by = [&](const std::string& text) {
        std::vector<std::string> boats;
        for (const benchmark& each : select({write(text), {}, {}}, runtimes).benchmarks) {
            boats.push_back(each.runtime->name);
        }
        return boats;
    };
    using boats = std::vector<std::string>;
    const std::string echo = "[[benchmark]]\nworkload = 'echo'\n";
    EXPECT_EQ(chosen_by(echo), boats{"alpha"});
    EXPECT_EQ(chosen_by(echo + "runtimes = '.*'\n"), (boats{"alpha", "beta"}));
    EXPECT_EQ(chosen_by("runtimes = 'b.*'\n" + echo), boats{"beta"});
    EXPECT_FALSE(select({"^echo/beta/", {}, {}}, runtimes).benchmarks.empty());
    EXPECT_EQ(names(select({"hash/.*", {}, {}}, runtimes)),
              (std::vector<std::string>{"hash/alpha/block_bytes:65536/blocks:64/workers:2",
                                        "hash/beta/block_bytes:65536/blocks:64/workers:2"}));
}

TEST_F(suite_file, a_benchmark_may_have_another_time_than_the_rest) {
    const std::string path = write(
        "measure_s = 1\n[[benchmark]]\nworkload = 'echo'\nruntimes = 'alpha'\nmeasure_s = 2.5\n"
        "[[benchmark]]\nworkload = 'delay'\nruntimes = 'alpha'\n");
    const selection chosen = select({path, {}, {}}, fleet_);
    ASSERT_EQ(chosen.benchmarks.size(), 2u);
    EXPECT_EQ(chosen.benchmarks[0].measure_s, 2.5);
    EXPECT_FALSE(chosen.benchmarks[1].measure_s);
    EXPECT_EQ(refusal_of("[[benchmark]]\nworkload = 'echo'\nmeasure_s = 0\n"),
              ":3: 'measure_s' must be a number from 0.01 to 86400");
}

TEST_F(suite_file, a_claim_may_measure_for_longer_and_the_longest_of_two_holds) {
    const std::string stated =
        "[[claim]]\nname = 'n'\nsays = 's'\nby = 'b'\nmetric = 'throughput_per_s'\nat_least = 1\n";
    const std::string alpha = "a = 'echo/alpha/size:1/connections:2/workers:1'\n";
    const std::string beta = "b = 'echo/beta/size:1/connections:2/workers:1'\n";
    const selection chosen =
        select({write("measure_s = 1\n" + stated + alpha + "measure_s = 3\n" + stated + alpha +
                      beta + "measure_s = 5\n" + stated + alpha),
                {},
                {}},
               fleet_);
    ASSERT_EQ(chosen.benchmarks.size(), 2u);
    EXPECT_EQ(chosen.benchmarks[0].measure_s, 5);
    EXPECT_EQ(chosen.benchmarks[1].measure_s, 5);
    EXPECT_EQ(refusal_of(stated + alpha + "measure_s = 0\n"),
              ":8: 'measure_s' must be a number from 0.01 to 86400");
}

TEST_F(suite_file, overrides_replace_axes_and_equal_names_fall_together) {
    const std::string path = write(
        "[[benchmark]]\nworkload = 'echo'\nruntimes = 'alpha|beta'\n"
        "params = { size = [10, 20], stack_bytes = [16384, 32768] }\n");
    const selection chosen = select({path, "beta|32768", {{"size", "5"}}}, fleet_);
    EXPECT_EQ(names(chosen), (std::vector<std::string>{
                                 "echo/beta/size:5/connections:50/workers:1",
                                 "echo/alpha/size:5/connections:50/workers:1/stack_bytes:32768"}));
}

TEST_F(suite_file, refuses_in_one_line_that_names_the_line) {
    EXPECT_NE(refusal_of("name = 'x'\n[[benchmark]\n").find(":2:"), std::string::npos);
    EXPECT_EQ(refusal_of("runds = 3\n[[benchmark]]\nworkload = 'echo'\n"),
              ":1: unknown key 'runds'; the keys are: rounds, name, about, warmup_s, measure_s, "
              "placement, runtimes, benchmark, claim");
    EXPECT_EQ(refusal_of("\n[[benchmark]]\nworkload = 'ecko'\n").substr(0, 46),
              ":3: unknown workload 'ecko'; there are: echo, ");
    EXPECT_EQ(
        refusal_of("[[benchmark]]\nworkload = 'echo'\nparams = { sizes = 1 }\n").substr(0, 44),
        ":3: echo has no parameter 'sizes'; it has: s");
    EXPECT_EQ(refusal_of("[[benchmark]]\nworkload = 'echo'\nparams = { size = [\n1, 0] }\n"),
              ":4: size = 0: must be a whole number from 1 to 1048576 (bytes)");
    EXPECT_EQ(refusal_of("[[benchmark]]\nworkload = 'echo'\nparams = { size = 1.5 }\n"),
              ":3: 'size' must be a whole number or a word");
    EXPECT_EQ(refusal_of("rounds = 2.5\n[[benchmark]]\nworkload = 'echo'\n"),
              ":1: 'rounds' must be a whole number from 1 to 1000");
    EXPECT_EQ(refusal_of("placement = 'near'\n[[benchmark]]\nworkload = 'echo'\n"),
              ":1: placement must be split, same-core or free");
    EXPECT_EQ(refusal_of("rounds = 3\n"), ":1: holds no [[benchmark]] and no [[claim]]");
    EXPECT_EQ(refusal_of("[benchmark]\nworkload = 'echo'\n"),
              ":1: write [[benchmark]], with two brackets");
    EXPECT_NE(refusal_of("[[benchmark]]\nworkload='echo'\nruntimes = ['a(']\n").find(":3: 'a('"),
              std::string::npos);
}

TEST(selection, explains_what_matches_nothing) {
    const auto runtimes = fleet();
    const auto refuse = [&](const std::string& what) {
        return refusal([&] { select({what, {}, {}}, runtimes); });
    };
    EXPECT_EQ(refuse("ecko/alpha").substr(0, 57),
              "no benchmark matches 'ecko/alpha': did you mean 'echo'?; ");
    EXPECT_NE(refuse("echo/alhpa").find("runtimes: alpha, beta"), std::string::npos);
    EXPECT_EQ(refuse("echo/lost"), "lost cannot run here: gone fishing");
    EXPECT_EQ(refuse("hash/gamma"), "gamma is left out of hash: no hands");
    EXPECT_NE(refuse("echo/alpha/sise:3").find("has no parameter 'sise'; it has: size"),
              std::string::npos);
    EXPECT_NE(refuse("echo/alpha/size:0").find("must be a whole number from 1"), std::string::npos);
    EXPECT_NE(refuse("missing.toml").find("cannot read missing.toml: No such file"),
              std::string::npos);
    EXPECT_EQ(refusal([&] {
                  select({"smok", "echo", {}}, runtimes);
              }).substr(0, 43),
              "'smok' is no suite; the suites are: smoke, ");
    EXPECT_NE(refusal([&] {
                  select({"hash", {}, {{"conections", "5"}}}, runtimes);
              }).find("none of these benchmarks has a parameter 'conections'"),
              std::string::npos);
}

TEST(selection, finds_a_benchmark_by_its_name) {
    const auto runtimes = fleet();
    const auto chosen = select({"echo/(alpha|beta)/size:77/depth:2", {}, {}}, runtimes);
    EXPECT_EQ(names(chosen),
              (std::vector<std::string>{"echo/alpha/size:77/connections:50/depth:2/workers:1",
                                        "echo/beta/size:77/connections:50/depth:2/workers:1"}));
    // What exists to test the harness is run only when it is meant.
    EXPECT_EQ(names(select({"delay/zero", {}, {}}, runtimes)),
              (std::vector<std::string>{"delay/zero/delay_us:10000/connections:50/workers:1"}));
    for (const std::string& name : names(select({"smoke", {}, {}}, runtimes))) {
        EXPECT_EQ(name.find("zero"), std::string::npos);
    }
}

TEST(selection, a_value_need_suit_only_what_is_asked_for) {
    const auto runtimes = fleet();
    // broadcast, which is in the suite too, takes one worker.
    const auto chosen = select({"^echo/alpha/", {}, {{"workers", "2"}}}, runtimes);
    EXPECT_FALSE(chosen.benchmarks.empty());
    EXPECT_NE(refusal([&] {
                  select({"^broadcast/alpha/", {}, {{"workers", "2"}}}, runtimes);
              }).find("workers = 2: must be a whole number from 1 to 1"),
              std::string::npos);
}

TEST(selection, the_trees_suites_are_sound) {
    auto runtimes = fleet();
    for (const char* const named :
         {"thread", "epoll", "asio", "fiber", "uring", "uring_multishot", "python_asyncio",
          "python_threads", "python_processes", "python_uvloop", "go_net", "node_net"}) {
        runtimes.push_back(runtimes.front());
        runtimes.back().name = named;
        auto& parameters = runtimes.back().parameters;
        parameters.push_back({"offload_threads", "", "", 2, 1, 1024, {}});
        parameters.push_back(
            {"offload_scheduling", "", "", 1, 0, 2, {"normal", "long_slice", "idle"}});
    }
    EXPECT_GE(suite_names().size(), 2u);
    for (const std::string& name : suite_names()) {
        const selection chosen = select({name, {}, {}}, runtimes);
        EXPECT_EQ(chosen.suite_name, name);
        EXPECT_FALSE(chosen.timing.about.empty()) << name;
        EXPECT_GE(chosen.timing.rounds.value_or(3), 3) << name;  // the gate decides by itself
    }
}

}  // namespace
}  // namespace regatta
