#include "harness/gate/contest.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/gate/campaign.hpp"
#include "harness/gate/quiet_cpu.hpp"
#include "harness/gate/report.hpp"

namespace regatta::gate {
namespace {

using nlohmann::json;

runtime_entry runtime_in(const char* folder) {
    runtime_entry entry;
    entry.name = "boat";
    entry.folder = folder;
    entry.command = {"./boat"};
    return entry;
}

struct fixture {
    runtime_entry base_runtime = runtime_in("/base");
    runtime_entry head_runtime = runtime_in("/head");
    rule levels{5};

    benchmark arm(const runtime_entry& runtime) const {
        return default_benchmark(*find_workload("echo"), runtime);
    }
    contest met() const {
        return pair_up({arm(base_runtime)}, {arm(head_runtime)}, {metrics.begin(), metrics.end()},
                       true)
            .contests.at(0);
    }
};

json trial(double cpu, double foreign = 0, const char* status = "ok") {
    return {{"status", status},
            {"reasons", status == std::string("ok") ? json::array() : json{"it sank"}},
            {"foreign_cpu_share", foreign},
            {"steal_share", nullptr},
            {"metrics",
             {{"server_cpu_ns_per_op", cpu},
              {"throughput_per_s", 1e9 / cpu},
              {"latency_ns_p50", cpu},
              {"latency_ns_p99", cpu},
              {"rss_bytes_peak", 1000}}}};
}

/// As a job of few iterations has it.
json without_p99(json record) {
    record["metrics"]["latency_ns_p99"] = nullptr;
    return record;
}

/// `base` with a little noise, the same each time.
double noisy(double centre, int pair) {
    return centre * (1 + 0.004 * std::sin(pair * 2.4));
}

TEST(gate_metric, more_of_a_rate_is_better) {
    const json a = trial(100);
    const json b = trial(110);
    EXPECT_NEAR(log_worsening(a, b, "server_cpu_ns_per_op").value(), std::log(1.1), 1e-12);
    EXPECT_NEAR(log_worsening(a, b, "throughput_per_s").value(), std::log(1.1), 1e-12);
    EXPECT_FALSE(log_worsening(a, b, "error_count"));
    EXPECT_FALSE(log_worsening(a, {{"metrics", nullptr}}, "latency_ns_p50"));
    EXPECT_EQ(find_metric("p99"), find_metric("latency_ns_p99"));
    EXPECT_EQ(find_metric("p9"), nullptr);
}

TEST(gate_contest, pairs_by_name_and_tells_the_others) {
    const fixture f;
    runtime_entry other = f.head_runtime;
    other.name = "ship";
    const draw made =
        pair_up({f.arm(f.base_runtime)}, {f.arm(f.head_runtime), f.arm(other)}, {metrics[0]}, true);
    ASSERT_EQ(made.contests.size(), 1U);
    EXPECT_EQ(made.only_head, std::vector<std::string>{f.arm(other).name()});
    EXPECT_TRUE(made.only_base.empty());
    EXPECT_FALSE(made.contests[0].is_identical);
    EXPECT_EQ(pair_up({f.arm(other)}, {}, {metrics[0]}, true).only_base.size(), 1U);
}

TEST(gate_contest, equal_programs_end_ok_at_the_first_look) {
    const fixture f;
    contest on = f.met();
    for (int pair = 0; !on.is_over; ++pair) {
        ASSERT_LT(pair, 6);
        take_pair(on, f.levels, trial(noisy(100, 2 * pair)), trial(noisy(100, 2 * pair + 1)));
    }
    for (const cell& each : on.cells) {
        EXPECT_EQ(each.found.found, verdict::ok) << each.what.field;
    }
    EXPECT_EQ(on.pairs, 6);
    EXPECT_EQ(pairs_left(on), 0U);
}

TEST(gate_contest, disturbed_pairs_count_for_robust_metrics_alone) {
    const fixture f;
    contest on = f.met();
    for (int pair = 0; pair < 6; ++pair) {
        take_pair(on, f.levels, trial(noisy(100, 2 * pair), 0.3), trial(noisy(100, 2 * pair + 1)));
    }
    for (const cell& each : on.cells) {
        EXPECT_EQ(each.differences.size(), each.what.is_robust ? 6U : 0U);
    }
    EXPECT_FALSE(on.is_over);
    EXPECT_EQ(on.pairs_clean, 0);
    // Where most pairs are disturbed, rates and tails are given up.
    int pairs = on.pairs;
    while (!on.is_over) {
        ASSERT_LT(++pairs, 30);
        take_pair(on, f.levels, trial(100, 0.3), trial(100));
    }
    EXPECT_EQ(on.pairs, 20);
    const json told = cell_records({on}, campaign_end::complete).at(2);
    EXPECT_EQ(told.at("metric"), "throughput_per_s");
    EXPECT_EQ(told.at("sentence"), "other programs disturbed 20 of 20 pairs");
}

TEST(gate_contest, a_regression_is_found_in_every_metric_that_has_it) {
    const fixture f;
    contest on = f.met();
    for (int pair = 0; !on.is_over; ++pair) {
        ASSERT_LT(pair, 45);
        take_pair(on, f.levels, trial(noisy(100, 2 * pair)), trial(noisy(115, 2 * pair + 1)));
    }
    const draw made{{on}, {}, {}};
    const auto cells = cell_records(made.contests, campaign_end::complete);
    for (const json& each : cells) {
        EXPECT_EQ(each.at("verdict"), each.at("metric") == "rss_bytes_peak" ? "OK" : "REGRESSED");
    }
    const json summary = summary_record(made, f.levels, cells, {});
    EXPECT_EQ(summary.at("exit_status"), 1);
    EXPECT_EQ(summary.at("sentence"), "4 regressions in 5 comparisons: 1 OK.");
}

TEST(gate_contest, what_neither_build_has_is_no_comparison) {
    const fixture f;
    contest on = f.met();
    for (int pair = 0; !on.is_over; ++pair) {
        ASSERT_LT(pair, 6);
        // Now and then a trial has just enough iterations for it.
        const json base = trial(noisy(100, 2 * pair));
        take_pair(on, f.levels, pair == 3 ? base : without_p99(base),
                  without_p99(trial(noisy(100, 2 * pair + 1))));
    }
    const draw made{{on}, {}, {}};
    const auto cells = cell_records(made.contests, campaign_end::complete);
    EXPECT_EQ(cells.size(), 4U);
    const json summary =
        summary_record(made, f.levels, cells, {campaign_end::complete, true, 0, {}});
    EXPECT_EQ(summary.at("verdict"), "OK");
    EXPECT_EQ(summary.at("exit_status"), 0);
    EXPECT_EQ(summary.at("sentence"), "No regression in 4 comparisons: 4 OK.");
    EXPECT_EQ(summary.at("not_measured"),
              json::array({{{"benchmark", on.name()}, {"metric", "latency_ns_p99"}}}));
}

TEST(gate_contest, where_no_trial_has_the_figure_nothing_was_compared) {
    const fixture f;
    contest on = f.met();
    on.cells = {{*find_metric("p99")}};
    while (!on.is_over) {
        ASSERT_LT(on.pairs, 6);
        take_pair(on, f.levels, without_p99(trial(100)), without_p99(trial(100)));
    }
    const draw made{{on}, {}, {}};
    const json summary =
        summary_record(made, f.levels, cell_records(made.contests, campaign_end::complete), {});
    EXPECT_EQ(summary.at("exit_status"), 4);
    EXPECT_EQ(summary.at("sentence"), "Nothing was compared: no trial has such figures.");
}

TEST(gate_contest,
     a_figure_that_only_one_build_has_is_inconclusive_and_fails_where_that_is_to_fail) {
    const fixture f;
    contest on = f.met();
    for (int pair = 0; !on.is_over; ++pair) {
        ASSERT_LT(pair, 6);
        take_pair(on, f.levels, trial(noisy(100, 2 * pair)),
                  without_p99(trial(noisy(100, 2 * pair + 1))));
    }
    const draw made{{on}, {}, {}};
    const auto cells = cell_records(made.contests, campaign_end::complete);
    ASSERT_EQ(cells.size(), 5U);
    EXPECT_EQ(cells[3].at("verdict"), "INCONCLUSIVE");
    EXPECT_EQ(cells[3].at("sentence"), "6 of 6 trials of the head have no such figure");
    for (const bool fails : {false, true}) {
        const json summary =
            summary_record(made, f.levels, cells, {campaign_end::complete, fails, 0, {}});
        EXPECT_EQ(summary.at("verdict"), "INCONCLUSIVE");
        EXPECT_EQ(summary.at("exit_status"), fails ? 3 : 0);
    }
}

TEST(gate_contest, a_figure_that_few_trials_have_keeps_nobody_waiting) {
    const fixture f;
    contest on = f.met();
    while (!on.is_over) {
        ASSERT_LT(on.pairs, 20);
        const json head = trial(noisy(100, 2 * on.pairs + 1));
        take_pair(on, f.levels, trial(noisy(100, 2 * on.pairs)),
                  on.pairs % 4 == 0 ? head : without_p99(head));
    }
    EXPECT_EQ(on.pairs, 20);
}

TEST(gate_contest, a_head_that_fails_alone_is_a_failure) {
    const fixture f;
    contest on = f.met();
    for (int pair = 0; pair < 3; ++pair) {
        EXPECT_FALSE(on.is_over);
        take_pair(on, f.levels, trial(100), trial(100, 0, "failed"));
    }
    EXPECT_TRUE(on.is_over);
    EXPECT_TRUE(on.is_head_broken);
    EXPECT_EQ(on.error, "the head fails: it sank");
    const draw made{{on}, {}, {}};
    const auto cells = cell_records(made.contests, campaign_end::complete);
    const json summary = summary_record(made, f.levels, cells, {});
    EXPECT_EQ(summary.at("verdict"), "FAILED");
    EXPECT_EQ(summary.at("exit_status"), 1);
}

TEST(gate_contest, a_program_that_crashes_now_and_then_is_told) {
    const fixture f;
    contest on = f.met();
    for (int pair = 0; !on.is_over; ++pair) {
        ASSERT_LT(pair, 20);
        take_pair(on, f.levels, trial(noisy(100, 2 * pair)),
                  trial(noisy(100, 2 * pair + 1), 0, pair % 3 == 1 ? "failed" : "ok"));
    }
    const draw made{{on}, {}, {}};
    const json summary =
        summary_record(made, f.levels, cell_records(made.contests, campaign_end::complete), {});
    EXPECT_EQ(summary.at("verdict"), "OK");
    EXPECT_EQ(summary.at("lost_trials").at(0).at("head"), on.head_failures);
    EXPECT_EQ(on.pairs, on.pairs_valid + on.head_failures);
    EXPECT_GT(on.head_failures, 0);
}

TEST(gate_contest, where_both_fail_nothing_was_compared) {
    const fixture f;
    contest on = f.met();
    for (int pair = 0; pair < 3; ++pair) {
        take_pair(on, f.levels, trial(100, 0, "failed"), trial(100, 0, "failed"));
    }
    EXPECT_TRUE(on.is_over);
    EXPECT_FALSE(on.is_head_broken);
    const draw made{{on}, {}, {}};
    const json summary =
        summary_record(made, f.levels, cell_records(made.contests, campaign_end::complete), {});
    EXPECT_EQ(summary.at("verdict"), "NOTHING");
    EXPECT_EQ(summary.at("exit_status"), 4);
}

TEST(gate_contest, pairs_that_are_never_valid_come_to_an_end) {
    const fixture f;
    contest on = f.met();
    int pairs = 0;
    while (!on.is_over) {
        ASSERT_LT(pairs++, 12);
        take_pair(on, f.levels, trial(100), trial(100, 0, "invalid"));
    }
    EXPECT_EQ(on.pairs_valid, 0);
    EXPECT_TRUE(on.error.empty());
}

TEST(gate_quiet_cpu, moves_only_where_it_is_worth_it) {
    quiet_cpu chooser({0, 1, 2}, 0);
    EXPECT_EQ(chooser.choice(), 0);
    chooser.learn({{0, 0.04}, {1, 0.0}});
    EXPECT_EQ(chooser.choice(), 0);
    chooser.learn({{0, 0.5}, {1, 0.2}, {2, 0.01}});
    EXPECT_EQ(chooser.choice(), 2);
    chooser.learn({{0, 0}});
    EXPECT_EQ(chooser.choice(), 2);
    chooser.learn({{2, 0.2}});
    EXPECT_EQ(chooser.choice(), 0);
    EXPECT_DOUBLE_EQ(chooser.foreign_share(), 0);
}

}  // namespace
}  // namespace regatta::gate
