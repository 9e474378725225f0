#include <gtest/gtest.h>

#include "harness/measure/censoring.hpp"
#include "harness/measure/open_loop.hpp"
#include "harness/measure/validity.hpp"

namespace regatta {
namespace {

/// 10,000 requests in a second, all in time, all answered.
open_loop_evidence sound_open_loop() {
    open_loop_evidence evidence;
    evidence.asked_per_s = 10'000;
    evidence.window_s = 1;
    evidence.scheduled = 10'000;
    evidence.arrivals = evidence.replies = evidence.sends = 10'000;
    evidence.response_ns_p50 = 100'000;
    evidence.response_ns_p99 = 400'000;
    evidence.on_time_ns_p99 = 390'000;
    evidence.own_lag_ns_p99 = 20'000;
    evidence.generator_cpu_share = 0.5;
    return evidence;
}

bool is_clean(const open_loop_verdict& found) {
    return found.reasons.empty() && found.transient.empty() && found.warnings.empty();
}

TEST(open_loop_gates, a_schedule_that_was_kept_passes) {
    EXPECT_TRUE(is_clean(judge_open_loop(sound_open_loop())));
}

TEST(open_loop_gates, late_sends_warn_and_then_refuse) {
    open_loop_evidence evidence = sound_open_loop();
    evidence.late_sends = 10;
    EXPECT_TRUE(is_clean(judge_open_loop(evidence)));
    evidence.late_sends = 11;
    EXPECT_EQ(judge_open_loop(evidence).warnings,
              (std::vector<std::string>{
                  "the generator sent 0.11 % of the requests more than 100 us late"}));
    evidence.late_sends = 101;
    EXPECT_TRUE(judge_open_loop(evidence).warnings.empty());
    EXPECT_EQ(judge_open_loop(evidence).transient.size(), 1u);
}

TEST(open_loop_gates, lateness_is_measured_by_the_response) {
    EXPECT_EQ(lateness_tolerance_ns(1'000'000), 100'000u);
    EXPECT_EQ(lateness_tolerance_ns(50'000'000), 500'000u);
}

TEST(open_loop_gates, own_lag_refuses_by_what_it_adds_to_the_response) {
    open_loop_evidence evidence = sound_open_loop();
    evidence.own_lag_ns_p99 = 90'000;
    evidence.on_time_ns_p99 = 359'999;
    EXPECT_EQ(judge_open_loop(evidence).transient,
              (std::vector<std::string>{"the generator's own lag makes up more than a tenth of the "
                                        "response time's p99: 400 us, and 360 us without it"}));
    EXPECT_TRUE(judge_open_loop(evidence).warnings.empty());
}

TEST(open_loop_gates, own_lag_that_adds_little_is_a_warning) {
    open_loop_evidence evidence = sound_open_loop();
    evidence.on_time_ns_p99 = 360'000;
    evidence.own_lag_ns_p99 = 40'000;
    EXPECT_TRUE(is_clean(judge_open_loop(evidence)));
    evidence.own_lag_ns_p99 = 40'001;
    EXPECT_EQ(judge_open_loop(evidence).warnings,
              (std::vector<std::string>{"the generator's own lag is 40 us at p99, more than a "
                                        "tenth of the response time's 400 us"}));
    EXPECT_TRUE(judge_open_loop(evidence).transient.empty());
}

TEST(open_loop_gates, a_busy_generator_counts_unless_it_spins) {
    open_loop_evidence evidence = sound_open_loop();
    evidence.generator_cpu_share = 0.81;
    EXPECT_EQ(judge_open_loop(evidence).reasons.size(), 1u);
    evidence.spins = true;
    EXPECT_TRUE(is_clean(judge_open_loop(evidence)));
}

TEST(open_loop_gates, the_asked_rate_must_be_scheduled) {
    open_loop_evidence evidence = sound_open_loop();
    evidence.is_random = false;
    const auto with_arrivals = [&](std::uint64_t arrivals) {
        evidence.arrivals = evidence.replies = arrivals;
        return judge_open_loop(evidence).reasons.size();
    };
    EXPECT_EQ(with_arrivals(10'051), 0u);  // 0.5 % and one
    EXPECT_EQ(with_arrivals(10'052), 1u);
    EXPECT_EQ(with_arrivals(9'948), 1u);
    evidence.is_random = true;  // 4 standard deviations of 100 more
    EXPECT_EQ(with_arrivals(10'451), 0u);
    EXPECT_EQ(with_arrivals(10'452), 1u);
    evidence.scheduled =
        2'500;  // a window in which the rate was lower than the mean: 12.5 + 200 + 1
    EXPECT_EQ(with_arrivals(2'713), 0u);
    EXPECT_EQ(with_arrivals(2'714), 1u);
}

TEST(open_loop_gates, a_growing_backlog_is_saturation) {
    open_loop_evidence evidence = sound_open_loop();
    evidence.replies = 9'650;  // 0.5 % and 3 standard deviations of 100
    EXPECT_FALSE(evidence.is_saturated());
    evidence.replies = 9'649;
    EXPECT_TRUE(evidence.is_saturated());
    EXPECT_EQ(evidence.backlog_growth(), 351);
    EXPECT_EQ(judge_open_loop(evidence).warnings.size(), 1u);
    evidence.replies = 10'400;  // a backlog that shrank
    EXPECT_EQ(evidence.backlog_growth(), -400);
    EXPECT_TRUE(is_clean(judge_open_loop(evidence)));
}

trial_evidence open_trial() {
    trial_evidence evidence;
    evidence.client = {50, 1000, 990, 64'000, 63'360, {{"timeout", 10}}};
    evidence.server = {50, 995, 64'000, 63'680, 3};
    evidence.window_s = 1;
    evidence.replies_measured = 10'000;
    evidence.connections = 50;
    evidence.open = sound_open_loop();
    return evidence;
}

TEST(open_loop_validity, unanswered_requests_are_no_error) {
    EXPECT_TRUE(judge(open_trial()).reasons.empty());
    trial_evidence evidence = open_trial();
    evidence.server->requests = 989;
    EXPECT_EQ(
        judge(evidence).reasons,
        (std::vector<std::string>{"the server counted 989 replies, and there were 990 to 1000"}));
    evidence.server->requests = 1001;
    EXPECT_EQ(judge(evidence).reasons.size(), 1u);
    evidence = open_trial();
    evidence.server->bytes_sent = 63'359;
    EXPECT_EQ(judge(evidence).reasons.size(), 1u);
    evidence = open_trial();
    evidence.client.errors["reset"] = 1;
    EXPECT_EQ(judge(evidence).reasons.size(), 1u);
    evidence = open_trial();
    evidence.open.reset();
    EXPECT_GE(judge(evidence).reasons.size(), 2u);
}

TEST(open_loop_validity, only_lateness_is_worth_another_trial) {
    trial_evidence evidence = open_trial();
    evidence.open->late_sends = 1000;
    EXPECT_TRUE(judge(evidence).is_transient);
    evidence.client.errors["reset"] = 1;
    EXPECT_FALSE(judge(evidence).is_transient);
}

TEST(open_loop_validity, saturation_says_what_set_the_rate) {
    trial_evidence evidence = open_trial();
    EXPECT_EQ(judge(evidence).saturation, "rate-limited");
    evidence.open->replies = 5'000;
    EXPECT_EQ(judge(evidence).saturation, "server-bound");
    evidence.shares_cpu = true;
    EXPECT_EQ(judge(evidence).saturation, "machine-shared");
    evidence.open->generator_cpu_share = 0.96;
    EXPECT_EQ(judge(evidence).saturation, "generator-bound");
    evidence.open->spins = true;
    EXPECT_EQ(judge(evidence).saturation, "machine-shared");
}

TEST(censoring, percentiles_among_the_unanswered_are_only_known_to_be_above) {
    histogram answered;
    for (std::uint64_t i = 1; i <= 990; ++i) {
        answered.record(i <= 100 ? i : 100);
    }
    const censored_latency latency{answered, 10, 5'000};
    EXPECT_EQ(percentile_of(latency, 0.05).ns, 50u);
    EXPECT_EQ(percentile_of(latency, 0.9).ns, 100u);
    EXPECT_FALSE(percentile_of(latency, 0.9).above_ns);
    EXPECT_FALSE(percentile_of(latency, 0.99).ns);  // too few
    const censored_latency many{answered, 300, 5'000};
    EXPECT_EQ(percentile_of(many, 0.75).ns, 100u);
    EXPECT_FALSE(percentile_of(many, 0.9).ns);
    EXPECT_EQ(percentile_of(many, 0.9).above_ns, 5'000u);
    EXPECT_EQ(percentile_of({answered, 0, {}}, 0.5).ns, answered.percentile(0.5));
    // The last rank that was answered, and the first that was not.
    histogram nine;
    nine.record(7, 900);
    EXPECT_EQ(percentile_of({nine, 100, 9}, 0.9).ns, 7u);
    EXPECT_EQ(percentile_of({nine, 101, 9}, 0.9).above_ns, 9u);
}

}  // namespace
}  // namespace regatta
