#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/measure/cpu_time.hpp"
#include "harness/measure/validity.hpp"

namespace regatta {
namespace {

/// A trial that passes every gate: 50 connections, 1,000 replies of 50 ms each in a second.
trial_evidence sound() {
    trial_evidence evidence;
    evidence.client = {50, 1200, 1200, 76800, 76800, {{"reset", 0}, {"timeout", 0}}};
    evidence.server = {50, 1200, 76800, 76800, 0};
    evidence.window_s = 1;
    evidence.replies_measured = 1000;
    evidence.latency_s_mean = 0.05;
    evidence.mean_in_flight = 50;
    evidence.connections = 50;
    evidence.replies_at_edges = 50;
    evidence.generator_cpu_share = 0.5;
    evidence.server_cpu_share = 0.5;
    return evidence;
}

std::string only_reason(const trial_evidence& evidence) {
    const verdict found = judge(evidence);
    return found.reasons.size() == 1 ? found.reasons.front()
                                     : std::to_string(found.reasons.size()) + " reasons";
}

TEST(validity, a_sound_trial_passes) {
    const verdict found = judge(sound());
    EXPECT_TRUE(found.reasons.empty());
    EXPECT_TRUE(found.warnings.empty());
    EXPECT_EQ(found.saturation, "latency-bound");
}

TEST(validity, errors_are_told_by_kind) {
    trial_evidence evidence = sound();
    evidence.client.errors = {{"reset", 2}, {"timeout", 1}, {"closed", 0}};
    EXPECT_EQ(only_reason(evidence),
              "the generator saw errors in 1200 requests: 2 reset, 1 timeout");
    EXPECT_EQ(evidence.client.error_count(), 3u);
}

TEST(validity, counters_of_both_sides_must_agree) {
    trial_evidence evidence = sound();
    evidence.server->requests = 1199;
    EXPECT_EQ(only_reason(evidence), "the generator counted 1200 replies, the server 1199");
    evidence = sound();
    evidence.server->bytes_received = 1;
    EXPECT_EQ(only_reason(evidence),
              "the generator counted 76800 bytes sent to the server, the server 1");
    evidence = sound();
    evidence.server->bytes_sent = 1;
    EXPECT_EQ(judge(evidence).reasons.size(), 1u);
    evidence = sound();
    evidence.server->accepted = 51;
    EXPECT_EQ(only_reason(evidence), "the generator counted 50 connections, the server 51");
    evidence = sound();
    evidence.server->errors = 4;
    EXPECT_EQ(only_reason(evidence), "the server counted 4 failed sessions");
}

TEST(validity, nobody_beats_arithmetic) {
    trial_evidence evidence = sound();
    evidence.ceiling_per_s = 950;  // 1,000 replies are then the most: 950 x 1.005 + 50
    EXPECT_TRUE(judge(evidence).reasons.empty());
    EXPECT_EQ(judge(evidence).saturation, "rate-limited");
    evidence.ceiling_per_s = 940;
    EXPECT_EQ(only_reason(evidence),
              "it answers too early: 1000 replies/s, and no server can exceed 940");
    evidence.replies_at_edges = 100;
    EXPECT_TRUE(judge(evidence).reasons.empty());
}

TEST(validity, a_workload_knows_how_many_replies_are_set_apart) {
    trial_evidence evidence = sound();
    evidence.apart = {"refused", 1000, 1000, {0, 999}};
    EXPECT_EQ(only_reason(evidence), "1000 of 1000 replies were refused, and it must be 0 to 999");
    evidence.apart->count = 999;
    EXPECT_TRUE(judge(evidence).reasons.empty());
    evidence.apart->expected = {999.5, 1000};
    EXPECT_EQ(only_reason(evidence),
              "999 of 1000 replies were refused, and it must be 1000 to 1000");
    EXPECT_FALSE(judge(evidence).is_transient);
}

TEST(validity, what_an_open_loop_gives_up_is_not_counted_as_set_apart) {
    trial_evidence evidence = sound();
    evidence.open.emplace();
    evidence.apart = {"refused", 10, 1000, {20, 999}};
    const auto of_apart = [&] {
        std::size_t found = 0;
        for (const std::string& reason : judge(evidence).reasons) {
            found += reason.find("replies were refused") != std::string::npos ? 1 : 0;
        }
        return found;
    };
    EXPECT_EQ(of_apart(), 0u) << "some were done after the window";
    evidence.apart->count = 1000;
    EXPECT_EQ(of_apart(), 1u);
    evidence.client.errors["timeout"] = 1;
    EXPECT_EQ(of_apart(), 0u);
}

TEST(validity, littles_law_holds_within_two_percent_and_the_windows_edges) {
    trial_evidence evidence = sound();
    evidence.mean_in_flight = 49.1;  // 50 is 1.8 % more
    EXPECT_TRUE(judge(evidence).reasons.empty());
    evidence.mean_in_flight = 46.0;
    EXPECT_EQ(only_reason(evidence),
              "Little's law fails: 46.00 requests were in flight, and rate x mean latency is "
              "50.00");
    EXPECT_TRUE(judge(evidence).is_transient);
    evidence.cut_in_flight = 4.0;  // what the window's ends cut explains all of it
    EXPECT_TRUE(judge(evidence).reasons.empty());
    evidence.mean_in_flight = 54;
    EXPECT_EQ(judge(evidence).reasons.size(), 1u);
    evidence.server->errors = 1;
    EXPECT_FALSE(judge(evidence).is_transient);
}

TEST(validity, much_that_the_windows_ends_cut_is_a_warning) {
    trial_evidence evidence = sound();
    evidence.latency_s_mean = 0.04;  // 10 of 50 connections got no reply until the window's end
    evidence.cut_in_flight = -10;
    EXPECT_TRUE(judge(evidence).reasons.empty());
    EXPECT_EQ(judge(evidence).warnings,
              (std::vector<std::string>{
                  "50 requests were in flight, and rate x mean latency makes 40: those that the "
                  "window's ends cut are 20 % of its work. Some connections were starved, or the "
                  "window is short (--measure)"}));
    evidence.latency_s_mean = 0.049;
    evidence.cut_in_flight = -1;
    EXPECT_TRUE(judge(evidence).warnings.empty());
    evidence.cut_in_flight = 1.1;  // requests that began before the window, and long before
    EXPECT_EQ(judge(evidence).warnings.size(), 1u);
}

TEST(validity, saturation_tells_who_was_the_bottleneck) {
    trial_evidence evidence = sound();
    evidence.server_cpu_share = 0.95;
    EXPECT_EQ(judge(evidence).saturation, "server-bound");
    evidence.shares_cpu = true;
    EXPECT_EQ(judge(evidence).saturation, "machine-shared");
    evidence = sound();
    evidence.generator_cpu_share = 0.96;
    EXPECT_EQ(judge(evidence).saturation, "generator-bound");
    EXPECT_EQ(judge(evidence).warnings.size(), 1u);
    evidence.server_cpu_share = 0.95;
    EXPECT_EQ(judge(evidence).saturation, "server-bound");
    evidence.server_cpu_share = std::nullopt;
    EXPECT_EQ(judge(evidence).saturation, "generator-bound");
    evidence.generator_cpu_share = 0.5;  // of a server that is not ours nobody can tell
    EXPECT_EQ(judge(evidence).saturation, std::nullopt);
}

TEST(validity, a_generator_without_time_to_spare_is_the_bottleneck_on_a_busy_machine_too) {
    trial_evidence evidence = sound();
    evidence.generator_wait_share = 0.46;
    EXPECT_EQ(judge(evidence).saturation, "generator-bound");
    evidence.server_wait_share = 0.41;
    EXPECT_EQ(judge(evidence).saturation, "machine-shared");
    evidence.generator_wait_share = 0;  // 50 threads that wake at once wait for each other
    EXPECT_EQ(judge(evidence).saturation, "latency-bound");
    evidence.generator_wait_share = 0.46;
    evidence.server_wait_share = 0;
    evidence.shares_cpu = true;
    EXPECT_EQ(judge(evidence).saturation, "machine-shared");
}

TEST(validity, a_busy_machine_is_worth_another_trial_or_where_allowed_a_warning) {
    trial_evidence evidence = sound();
    evidence.foreign_cpu_share = 0.5;
    evidence.steal_share = 0.03;
    const std::vector<std::string> sentences{"other programs used 50 % of the trial's CPUs",
                                             "the hypervisor kept back 3 % of the trial's CPUs"};
    EXPECT_EQ(judge(evidence).warnings, sentences);
    EXPECT_TRUE(judge(evidence).reasons.empty());
    EXPECT_FALSE(judge(evidence).is_machine_busy);
    evidence.refuses_busy_machine = true;
    verdict found = judge(evidence);
    EXPECT_EQ(found.reasons, refusals_of(sentences));
    EXPECT_TRUE(found.warnings.empty());
    EXPECT_TRUE(found.is_transient && found.is_machine_busy);
    evidence.server->errors = 1;  // which another trial would show again
    EXPECT_FALSE(judge(evidence).is_transient);
}

TEST(validity, a_quiet_machine_is_within_its_limits) {
    EXPECT_TRUE(disturbances(0.10, 0.02).empty());
    EXPECT_TRUE(disturbances(std::nullopt, std::nullopt).empty());
    EXPECT_EQ(disturbances(0.11, 0.0).size(), 1u);
    EXPECT_EQ(disturbances(0.0, 0.021).size(), 1u);
    trial_evidence evidence = sound();
    evidence.refuses_busy_machine = true;
    evidence.foreign_cpu_share = 0.10;
    EXPECT_TRUE(judge(evidence).reasons.empty());
}

TEST(cpu_time, reads_the_kernels_columns) {
    const char* stat =
        "cpu  9 9 9 9 9 9 9 9 9 9\n"
        "cpu0 1 2 3 40 5 6 7 8 1 0\n"
        "cpu1 100 0 0 0 0 0 0 0 0 0\n"
        "cpu10 1000 0 0 0 0 0 0 0 0 0\n"
        "intr 5\n";
    const std::int64_t tick_ns = 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
    const cpu_times first = parse_cpu_times(stat, {0});
    EXPECT_EQ(first.busy_ns, (1 + 2 + 3 + 6 + 7) * tick_ns);
    EXPECT_EQ(first.steal_ns, 8 * tick_ns);
    EXPECT_EQ(first.total_ns, 72 * tick_ns);
    EXPECT_EQ(parse_cpu_times(stat, {0, 1}).busy_ns, 119 * tick_ns);
    EXPECT_EQ(parse_cpu_times("", {0}).total_ns, 0);
}

TEST(cpu_time, knows_this_process_and_not_a_dead_one) {
    const auto before = process_cpu_ns(::getpid());
    ASSERT_TRUE(before);
    volatile std::uint64_t sum = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        sum = sum + 1;
    }
    EXPECT_GT(*process_cpu_ns(::getpid()), *before);
    EXPECT_FALSE(process_cpu_ns(0x3ffffff));
}

}  // namespace
}  // namespace regatta
