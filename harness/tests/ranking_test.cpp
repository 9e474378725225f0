#include "harness/record/ranking.hpp"

#include <gtest/gtest.h>

#include "harness/tests/trial_fixture.hpp"

namespace regatta {
namespace {

using fixture::add_rounds;
using nlohmann::json;

std::string sentence_of(const std::vector<json>& trials) {
    return ranking_sentence(summarise_trials(trials));
}

std::vector<json> two(std::vector<double> asio, std::vector<double> uring) {
    std::vector<json> trials;
    add_rounds(trials, {.runtime = "asio"}, asio);
    add_rounds(trials, {.runtime = "uring"}, uring);
    return trials;
}

TEST(ranking, one_runtime_needs_no_sentence) {
    std::vector<json> trials;
    add_rounds(trials, {}, {1e5, 1.01e5, 1.02e5});
    EXPECT_EQ(sentence_of(trials), "");
    EXPECT_EQ(ranking_sentence({}), "");
}

TEST(ranking, one_trial_each_gives_no_ranking) {
    EXPECT_EQ(sentence_of(two({1e5}, {2e5})),
              "Not ranked: that takes at least two ok trials of two runtimes.");
}

TEST(ranking, clear_lead) {
    EXPECT_EQ(sentence_of(two({1e5, 1.01e5, 1e5}, {2e5, 2.02e5, 2e5})),
              "Fastest: uring, 2.00 (2.00-2.00) times asio.");
}

TEST(ranking, a_lead_within_the_noise_is_none) {
    EXPECT_EQ(sentence_of(two({1e5, 1.2e5, 0.9e5}, {1.1e5, 1.0e5, 1.2e5})),
              "No single fastest: asio and uring cannot be told apart.");
}

TEST(ranking, different_runs_are_not_paired) {
    std::vector<json> trials = two({1e5, 1.01e5, 1e5}, {2e5, 2.02e5, 2e5});
    for (std::size_t i = 0; i < trials.size(); ++i) {
        trials[i]["run_id"] = i < 3 ? "a" : "b";
    }
    const auto summaries = summarise_trials(trials);
    EXPECT_FALSE(can_be_told_apart(summaries.at(0), summaries.at(1), "throughput_per_s"));
}

TEST(ranking, a_slower_rival_held_back_by_the_generator_is_not_beaten) {
    std::vector<json> trials = two({1e5, 1.01e5, 1e5}, {2e5, 2.02e5, 2e5});
    for (json& trial : trials) {
        trial["saturation"] = trial["runtime"] == "asio" ? "generator-bound" : "server-bound";
    }
    EXPECT_EQ(sentence_of(trials),
              "No single fastest: asio and uring cannot be told apart. The generator, not the "
              "runtime, set the rate of asio (generator-bound).");
    // The other way round the lead stands: the faster one could only be faster still.
    for (json& trial : trials) {
        trial["saturation"] = trial["runtime"] == "asio" ? "server-bound" : "generator-bound";
    }
    EXPECT_EQ(
        sentence_of(trials),
        "Fastest: uring, 2.00 (2.00-2.00) times asio. The generator, not the runtime, set the "
        "rate of uring (generator-bound).");
}

TEST(ranking, one_connection_is_not_ranked) {
    const auto race_of = [](const std::string& parameters) {
        std::vector<json> trials;
        add_rounds(trials, {.runtime = "asio", .parameters = parameters}, {1e4, 1.01e4, 1e4});
        add_rounds(trials, {.runtime = "uring", .parameters = parameters}, {2e4, 2.02e4, 2e4});
        return trials;
    };
    const auto trials = race_of("size:64/connections:1/workers:1");
    EXPECT_EQ(sentence_of(trials),
              "Not ranked: one connection over loopback measures the scheduler, not the runtime.");
    const auto summaries = summarise_trials(trials);
    for (const char* const metric : {"throughput_per_s", "latency_ns_p50"}) {
        EXPECT_FALSE(can_be_told_apart(summaries.at(0), summaries.at(1), metric)) << metric;
    }
    EXPECT_TRUE(can_be_told_apart(summaries.at(0), summaries.at(1), "server_cpu_ns_per_op"));
    // With more requests outstanding, or more connections, neither side waits to be woken.
    for (const char* const busy :
         {"size:64/connections:1/depth:16/workers:1", "size:64/connections:2/workers:1"}) {
        EXPECT_EQ(sentence_of(race_of(busy)).find("Fastest: uring"), 0u) << busy;
    }
}

TEST(ranking, open_loop_ranks_by_p99) {
    std::vector<json> trials;
    for (int round = 0; round < 3; ++round) {
        const auto latency = static_cast<std::uint64_t>(500'000 + 5'000 * round);
        trials.push_back(
            fixture::ok_trial({.runtime = "asio", .round = round, .latency_ns = 3 * latency}));
        trials.push_back(
            fixture::ok_trial({.runtime = "uring", .round = round, .latency_ns = latency}));
    }
    for (json& trial : trials) {
        trial["mode"] = "open";
        trial["saturation"] = "rate-limited";
    }
    const std::string sentence = sentence_of(trials);
    EXPECT_EQ(sentence.find("Lowest p99: uring; that of asio is 3.0"), 0u) << sentence;
}

TEST(ranking, every_pair_that_cannot_be_told_apart_is_named) {
    std::vector<json> trials;
    add_rounds(trials, {.runtime = "thread"}, {100e3, 101e3, 100e3});
    add_rounds(trials, {.runtime = "asio"}, {102e3, 99e3, 103e3});
    add_rounds(trials, {.runtime = "fiber"}, {104e3, 104.9e3, 104.1e3});
    add_rounds(trials, {.runtime = "uring"}, {150e3, 150e3, 151e3});
    add_rounds(trials, {.runtime = "zebra"}, {120e3});
    EXPECT_EQ(sentence_of(trials),
              "Fastest: uring, 1.44 (1.42-1.47) times fiber. asio and fiber cannot be told apart. "
              "thread and asio cannot be told apart. Not ranked, for want of ok trials: zebra.");
}

TEST(ranking, those_who_cannot_be_told_apart_are_named_together) {
    std::vector<json> trials;
    add_rounds(trials, {.runtime = "thread"}, {100e3, 101e3, 100e3});
    add_rounds(trials, {.runtime = "asio"}, {90e3, 120e3, 80e3});
    add_rounds(trials, {.runtime = "fiber"}, {130e3, 70e3, 110e3});
    add_rounds(trials, {.runtime = "uring"}, {150e3, 150e3, 151e3});
    EXPECT_EQ(sentence_of(trials),
              "No single fastest: asio, fiber and uring cannot be told apart. thread, asio and "
              "fiber cannot be told apart.");
}

TEST(ranking, only_rounds_with_the_same_way_between_the_cpus_are_paired) {
    std::vector<nlohmann::json> trials;
    const char* const states[][2] = {
        {"near", "near"}, {"near", "far"}, {"changed", "changed"}, {"far", "far"}};
    for (int round = 0; round < 4; ++round) {
        for (int side = 0; side < 2; ++side) {
            fixture::trial_options options;
            options.runtime = side == 0 ? "asio" : "epoll";
            options.round = round;
            options.rate = side == 0 ? 200 : 100;
            trials.push_back(fixture::ok_trial(options));
            trials.back()["cache_distance"] = {{"state", states[round][side]}};
        }
    }
    const auto summaries = summarise_trials(trials);
    EXPECT_EQ(ratio_of(summaries[0], summaries[1], "throughput_per_s")->rounds, 2u);
    for (auto& trial : trials) {
        trial["cache_distance"] = nullptr;
    }
    const auto unknown = summarise_trials(trials);
    EXPECT_EQ(ratio_of(unknown[0], unknown[1], "throughput_per_s")->rounds, 4u);
}

}  // namespace
}  // namespace regatta
