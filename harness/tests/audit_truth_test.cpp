#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "harness/audit/truth.hpp"
#include "harness/failure.hpp"
#include "harness/load/schedule.hpp"
#include "harness/measure/histogram.hpp"

namespace regatta::audit {
namespace {

constexpr double rate_per_s = 2000;

server_model model_of(server_kind kind) {
    server_model model;
    model.kind = kind;
    model.service_ns_mean = 350'000;  // load 0.7
    model.seed = 7;
    return model;
}

/// The response times of `seconds` of arrivals, by the model's own rule.
histogram simulated(const server_model& model, const std::string& arrivals, double seconds,
                    std::uint64_t seed = 1) {
    const auto length_ns = static_cast<std::uint64_t>(seconds * 1e9);
    load::schedule schedule(arrivals, {{length_ns, rate_per_s}}, seed);
    reply_times times(model, 0);
    histogram responses;
    for (std::uint64_t at = schedule.next(); at < length_ns; at = schedule.next()) {
        // While the server is frozen it does not read.
        const std::uint64_t read = times.thaw_ns(at).value_or(at);
        responses.record(times.due_ns(read) - at);
    }
    return responses;
}

void expect_truth(const server_model& model, arrival_process process, double tolerance) {
    const histogram responses = simulated(model, name_of(process), 2000);
    for (const double fraction : {0.5, 0.95, 0.99, 0.999}) {
        const auto truth = true_response_ns(model, process, rate_per_s, fraction);
        ASSERT_TRUE(truth.has_value());
        EXPECT_NEAR(static_cast<double>(responses.value_at(fraction)) / *truth, 1, tolerance)
            << name_of(model.kind) << " " << name_of(process) << " " << fraction;
    }
}

TEST(audit_truth, is_what_the_rule_of_the_server_gives) {
    for (const auto process : {arrival_process::poisson, arrival_process::constant}) {
        expect_truth(model_of(server_kind::fixed), process, 0.005);
        expect_truth(model_of(server_kind::freeze), process, 0.01);
        // 4 million waits that depend on each other: the tail has an error of some per cent.
        expect_truth(model_of(server_kind::mm1), process, 0.05);
    }
}

TEST(audit_truth, of_a_replay_is_that_of_its_own_requests) {
    const server_model model = model_of(server_kind::mm1);
    const auto some = replayed_responses_ns(model, arrival_process::poisson, rate_per_s, 20);
    const histogram same = simulated(model, "poisson", 20, model.seed);
    ASSERT_EQ(some.size(), same.count());
    EXPECT_EQ(static_cast<std::uint64_t>(some.back()), same.max());
    // Of a long run it is the theory's.
    const auto many = replayed_responses_ns(model, arrival_process::poisson, rate_per_s, 2000);
    EXPECT_NEAR(
        many[many.size() / 2] / *true_response_ns(model, arrival_process::poisson, rate_per_s, 0.5),
        1, 0.05);
    EXPECT_TRUE(replayed_responses_ns(model, arrival_process::closed, rate_per_s, 1).empty());
    EXPECT_TRUE(replayed_responses_ns(model_of(server_kind::freeze), arrival_process::poisson,
                                      rate_per_s, 1)
                    .empty());
}

TEST(audit_truth, of_a_freeze_is_that_of_its_derivation) {
    const server_model model = model_of(server_kind::freeze);
    const std::pair<double, double> expected_ms[] = {{0.5, 0.5},  {0.8999, 0.5}, {0.95, 501},
                                                     {0.99, 901}, {0.999, 991},  {1, 1000.5}};
    for (const auto& [fraction, ms] : expected_ms) {
        EXPECT_NEAR(*true_response_ns(model, arrival_process::closed, rate_per_s, fraction),
                    ms * 1e6, 1)
            << fraction;
    }
}

TEST(audit_truth, of_queues_is_that_of_the_literature) {
    const server_model model = model_of(server_kind::mm1);
    // M/M/1: mean 1 / (mu - lambda) = 1.1667 ms.
    EXPECT_NEAR(*true_response_ns(model, arrival_process::poisson, rate_per_s, 1 - std::exp(-1)),
                1.16667e6, 10);
    // D/M/1 at load 0.7: s = 0.4670.
    EXPECT_NEAR(*true_response_ns(model, arrival_process::constant, rate_per_s, 1 - std::exp(-1)),
                350'000 / (1 - 0.4670), 100);
    EXPECT_EQ(true_response_ns(model, arrival_process::closed, rate_per_s, 0.5), std::nullopt);
    EXPECT_EQ(true_response_ns(model, arrival_process::paced, rate_per_s, 0.5), std::nullopt);
    EXPECT_EQ(true_response_ns(model, arrival_process::poisson, 2858, 0.5), std::nullopt);
}

TEST(audit_truth, says_how_far_chance_moves_a_percentile) {
    const server_model model = model_of(server_kind::freeze);
    const auto poisson = arrival_process::poisson;
    EXPECT_NEAR(*chance_ns(model, poisson, rate_per_s, 20, 0.95), 11.18e6, 1e4);
    EXPECT_EQ(chance_ns(model, poisson, rate_per_s, 20, 0.5), std::nullopt);
    EXPECT_EQ(chance_ns(model, arrival_process::constant, rate_per_s, 20, 0.95), std::nullopt);
    // Against simulation: p95 of 20 s, over 200 seeds.
    double squares = 0;
    constexpr int seeds = 200;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const histogram responses = simulated(model, "poisson", 20, seed);
        const double apart = static_cast<double>(responses.value_at(0.95)) - 501e6;
        squares += apart * apart;
    }
    EXPECT_NEAR(std::sqrt(squares / seeds), 11.18e6, 2.5e6);
}

TEST(audit_model, freezes_in_the_middle_of_each_period) {
    const reply_times times(model_of(server_kind::freeze), 100);
    EXPECT_EQ(times.thaw_ns(100), std::nullopt);
    EXPECT_EQ(times.thaw_ns(4'500'000'099), std::nullopt);
    EXPECT_EQ(times.thaw_ns(4'500'000'100), 5'500'000'100u);
    EXPECT_EQ(times.thaw_ns(5'500'000'099), 5'500'000'100u);
    EXPECT_EQ(times.thaw_ns(5'500'000'100), std::nullopt);
    EXPECT_EQ(times.thaw_ns(25'000'000'100), 25'500'000'100u);
}

TEST(audit_model, is_read_as_it_was_written) {
    for (const std::string& name : server_kind_names()) {
        const auto written = to_json(model_of(server_kind_named(name)));
        EXPECT_EQ(to_json(server_model_from_json(written)), written);
    }
    EXPECT_THROW(server_kind_named("slow"), failure);
    auto frozen = to_json(model_of(server_kind::freeze));
    frozen["freeze_ns"] = frozen["period_ns"];
    EXPECT_THROW(server_model_from_json(frozen), failure);
}

}  // namespace
}  // namespace regatta::audit
