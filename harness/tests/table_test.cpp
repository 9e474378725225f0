#include "harness/record/table.hpp"

#include <gtest/gtest.h>

#include "harness/record/format.hpp"
#include "harness/record/markdown.hpp"
#include "harness/tests/trial_fixture.hpp"

namespace regatta {
namespace {

using fixture::add_rounds;
using nlohmann::json;

std::string with_legend(const std::string& text) {
    return text + table_legend + "\n";
}

/// Three runtimes of which one is ahead and two are level; a job; listed in the order of a shuffled
/// run.
std::vector<json> table_trials() {
    std::vector<json> trials;
    add_rounds(trials, {.runtime = "uring", .latency_ns = 400'000}, {130e3, 131e3, 129e3});
    add_rounds(trials, {.runtime = "thread"}, {100e3, 101e3, 99e3});
    add_rounds(trials, {.runtime = "asio"}, {100.4e3, 100.1e3, 99.8e3});
    trials.push_back(fixture::job_trial({.runtime = "asio", .rate = 8'000, .samples = 200}));
    return trials;
}

TEST(table, golden_race) {
    EXPECT_EQ(render_table(table_trials()),
              with_legend(
                  R"(### echo/size:64/connections:50/workers:1 (closed loop; latency: service time)

| runtime | rate /s | 95 % interval /s | p50 us | p99 us | p99.9 us |         CPU us/op | PSS MiB | errors | trials | bound by     |
| :------ | ------: | ---------------: | -----: | -----: | -------: | ----------------: | ------: | -----: | -----: | :----------- |
| thread  | 100,000 |   97,543-102,512 |    501 |    743 |      748 |   10.0 (9.8-10.3) |    4.00 |      0 |    3/3 | server-bound |
| asio    | 100,100 |   99,357-100,848 |    501 |    743 |      748 | 9.99 (9.92-10.06) |    4.00 |      0 |    3/3 | server-bound |
| uring   | 130,000 |  127,537-132,505 |    400 |    596 |      600 |  7.69 (7.55-7.84) |    4.00 |      0 |    3/3 | server-bound |

Fastest: uring, 1.30 (1.28-1.32) times asio. thread and asio cannot be told apart.

### hash/block_bytes:65536/blocks:64/workers:1 (job; latency: one iteration)

| runtime | rate /s | 95 % interval /s | p50 us | p99 us | p99.9 us | CPU us/op | PSS MiB | errors | trials | bound by |
| :------ | ------: | ---------------: | -----: | -----: | -------: | --------: | ------: | -----: | -----: | :------- |
| asio    |   8,000 |              n/a |    497 |    n/a |      n/a |       125 |    4.00 |    n/a |    1/1 | -        |

)"));
}

TEST(table, golden_notes) {
    std::vector<json> trials;
    add_rounds(trials, {.runtime = "thread"}, {100e3, 101e3});
    trials.push_back(fixture::invalid_trial({.runtime = "thread", .round = 2},
                                            "the server counted 9 requests | the client 10"));
    add_rounds(trials, {.runtime = "fiber"}, {90e3, 91e3, 92e3});
    trials[3]["saturation"] = "generator-bound";
    trials[4]["saturation"] = "generator-bound";
    trials[5]["client"]["errors"]["timeout"] = 7;
    trials[4]["warnings"] = {"other programs used 12.5 % of the CPUs"};
    trials[5]["warnings"] = {"other programs used 3 % of the CPUs", "the clock source is hpet"};
    trials[0]["warnings"] = {"the clock source is hpet"};
    for (int round = 0; round < 3; ++round) {
        trials.push_back(fixture::failed_trial({.runtime = "zebra", .round = round},
                                               "the program died of signal 11"));
    }
    EXPECT_EQ(render_table(trials),
              with_legend(
                  R"(### echo/size:64/connections:50/workers:1 (closed loop; latency: service time)

| runtime | rate /s | 95 % interval /s | p50 us | p99 us | p99.9 us |         CPU us/op | PSS MiB | errors | trials | bound by                              | note      |
| :------ | ------: | ---------------: | -----: | -----: | -------: | ----------------: | ------: | -----: | -----: | :------------------------------------ | :-------- |
| thread  | 100,500 |   94,342-107,057 |    501 |    743 |      748 | 9.95 (9.34-10.60) |    4.00 |      0 |    2/3 | server-bound                          | 1 invalid |
| fiber   |  91,000 |    88,546-93,515 |    501 |    743 |      748 |  11.0 (10.7-11.3) |    4.00 |      7 |    3/3 | generator-bound 2/3, server-bound 1/3 | timeout 7 |
| zebra   |     n/a |              n/a |    n/a |    n/a |      n/a |               n/a |     n/a |    n/a |    0/3 | n/a                                   | 3 failed  |

- warning (thread and fiber): the clock source is hpet
- invalid (thread): the server counted 9 requests \| the client 10
- warning (fiber): other programs used 12.5 % of the CPUs
- failed (zebra): the program died of signal 11

No single fastest: thread and fiber cannot be told apart. The generator, not the runtime, set the rate of fiber (generator-bound).

)"));
}

TEST(table, golden_several_runs_and_own_settings) {
    std::vector<json> trials;
    add_rounds(trials, {.runtime = "thread"}, {100e3, 101e3, 99e3});
    add_rounds(
        trials,
        {.runtime = "thread", .parameters = "size:64/connections:50/workers:1/stack_bytes:16384"},
        {103e3, 101e3, 99e3});
    for (json& trial : trials) {
        trial["run_id"] = "first";
    }
    add_rounds(trials, {.runtime = "thread"}, {110e3, 112e3, 111e3});
    for (std::size_t i = 6; i < trials.size(); ++i) {
        trials[i]["run_id"] = "second";
    }
    EXPECT_EQ(render_table(trials),
              with_legend(
                  R"(### echo/size:64/connections:50/workers:1 (closed loop; latency: service time)

| runtime                  | run    | rate /s | 95 % interval /s | p50 us | p99 us | p99.9 us |         CPU us/op | PSS MiB | errors | trials | bound by     |
| :----------------------- | :----- | ------: | ---------------: | -----: | -----: | -------: | ----------------: | ------: | -----: | -----: | :----------- |
| thread                   | first  | 100,000 |   97,543-102,512 |    501 |    743 |      748 |   10.0 (9.8-10.3) |    4.00 |      0 |    3/3 | server-bound |
| thread/stack_bytes:16384 | first  | 101,000 |   96,139-106,079 |    501 |    743 |      748 | 9.90 (9.43-10.40) |    4.00 |      0 |    3/3 | server-bound |
| thread                   | second | 111,000 |  108,540-113,509 |    501 |    743 |      748 |  9.01 (8.81-9.21) |    4.00 |      0 |    3/3 | server-bound |

Run first: No single fastest: thread and thread/stack_bytes:16384 cannot be told apart.

)"));
}

/// Open loops: `latencies` are the middles of the response times, a trial for each.
std::vector<json> open_rounds(const std::string& runtime,
                              const std::vector<std::uint64_t>& latencies) {
    std::vector<json> trials;
    for (const std::uint64_t ns : latencies) {
        trials.push_back(
            fixture::open_trial({.runtime = runtime,
                                 .round = static_cast<int>(trials.size()),
                                 .rate = 2'000,
                                 .latency_ns = ns,
                                 .parameters = "connections:50/rate_per_s:2000/workers:1"}));
    }
    return trials;
}

TEST(table, golden_open_loop) {
    std::vector<json> trials = open_rounds("epoll", {400'000, 404'000, 396'000});
    for (const json& trial : open_rounds("asio", {600'000, 606'000, 594'000})) {
        trials.push_back(trial);
    }
    EXPECT_EQ(
        render_table(trials),
        R"(### echo/connections:50/rate_per_s:2000/workers:1 (open loop; latency: response time)

| runtime | rate /s | p50 us | p99 us | 95 % interval p99 us | p99.9 us | service p99 us | own lag p99 us | omission | CPU us/op | PSS MiB | errors | trials | bound by     |
| :------ | ------: | -----: | -----: | -------------------: | -------: | -------------: | -------------: | -------: | --------: | ------: | -----: | -----: | :----------- |
| epoll   |   2,000 |    400 |    596 |              586-606 |      604 |            298 |           11.9 |     2.00 |       500 |    4.00 |      0 |    3/3 | rate-limited |
| asio    |   2,000 |    600 |    895 |              875-916 |      907 |            447 |           17.9 |     2.00 |       500 |    4.00 |      0 |    3/3 | rate-limited |

Lowest p99: epoll; that of asio is 1.50 (1.49-1.51) times as high.

Rate, CPU and memory: median of the ok trials; 95 % interval over trials: t on the logarithm, or where marked * the bootstrap, as t would not hold the median. p50 to p99.9: of all ok trials' merged histograms. n/a: not measured, or too few trials or samples to say. Open loop: the schedule sets the rate, so the interval is that of the trials' p99. Service: from the send; own lag: what the generator itself was late; omission: p99 / service p99, how much too good a closed loop's p99 would have looked.
)");
}

TEST(table, an_interval_over_only_those_trials_that_have_a_p99_is_none) {
    std::vector<json> trials = open_rounds("epoll", {400'000, 404'000, 396'000});
    trials[2]["metrics"]["latency_ns_p99"] = nullptr;
    trials[2]["open_loop"]["censored"] = 5'000;
    trials[2]["open_loop"]["censored_ns_min"] = 2'000'000'000;
    const std::string text = render_table(trials);
    EXPECT_NE(text.find("| >2,000,000 |                  n/a |"), std::string::npos) << text;
    EXPECT_NE(text.find("|   >6,712 |"), std::string::npos) << text;
}

TEST(table, a_row_says_which_of_its_intervals_came_from_the_bootstrap) {
    // Four trials of nine are so slow that the t interval does not hold the median.
    std::vector<json> trials;
    add_rounds(trials, {.runtime = "asio"},
               {100e3, 100e3, 100e3, 100e3, 100e3, 60e3, 60e3, 60e3, 60e3});
    add_rounds(trials, {.runtime = "epoll"}, {100e3, 101e3, 99e3, 100e3, 101e3, 99e3});
    ASSERT_EQ(summarise_trials(trials).at(1).over_trials("throughput_per_s").range->method,
              stats::interval_method::bootstrap);
    const std::string text = render_table(trials);
    EXPECT_NE(text.find("| 100,000 |  60,000-100,000* |"), std::string::npos) << text;
    EXPECT_NE(text.find("10.0 (10.0-16.7*)"), std::string::npos) << text;
    EXPECT_EQ(
        text.substr(text.find("| epoll"), text.find("| asio") - text.find("| epoll")).find('*'),
        std::string::npos)
        << text;
}

TEST(table, trials_of_different_ways_between_the_cpus_are_counted_below) {
    std::vector<json> trials;
    add_rounds(trials, {.runtime = "asio"}, {100e3, 101e3, 99e3});
    add_rounds(trials, {.runtime = "epoll"}, {100e3, 101e3, 99e3});
    for (json& trial : trials) {
        trial["cache_distance"] = {{"state", "near"}};
    }
    EXPECT_EQ(render_table(trials).find("The way between"), std::string::npos);
    trials[1]["cache_distance"]["state"] = "changed";
    trials[4]["cache_distance"]["state"] = "far";
    trials[5]["status"] = "invalid";  // is in no figure
    EXPECT_NE(
        render_table(trials).find(
            "\n\nThe way between the server's and the generator's CPU was not the same in all "
            "trials (1 changed, 1 far, 3 near): "),
        std::string::npos)
        << render_table(trials);
}

TEST(table, nothing_gives_one_line) {
    EXPECT_EQ(render_table({}), "No trials.\n");
}

TEST(table, percentiles_without_enough_samples_are_absent) {
    const std::string text = render_table({fixture::ok_trial({.samples = 150})});
    EXPECT_NE(text.find("| 100,000 |              n/a |    n/a |    n/a |      n/a |"),
              std::string::npos)
        << text;
}

TEST(table, a_jobs_errors_are_its_wrong_answers) {
    json right = fixture::job_trial({.samples = 20'000});
    right["metrics"]["error_count"] = 0;
    EXPECT_NE(render_table({right}).find("|      0 |    1/1 | -        |"), std::string::npos);
    json wrong = right;
    wrong["round"] = 1;
    wrong["status"] = "invalid";
    wrong["metrics"]["error_count"] = 1;
    const std::string text = render_table({right, wrong});
    EXPECT_NE(text.find("|      1 |    1/2 |"), std::string::npos) << text;
    EXPECT_NE(text.find("1 invalid; wrong answer 1"), std::string::npos) << text;
}

TEST(table, loop_lag_is_the_worst_of_each_trial) {
    std::vector<json> trials;
    add_rounds(trials, {}, {100e3, 101e3, 99e3});
    EXPECT_EQ(render_table(trials).find("oop lag"), std::string::npos);
    for (std::size_t i = 0; i < trials.size(); ++i) {
        trials[i]["metrics"]["loop_lag_ns_p99"] = nullptr;  // of 92 probes
        trials[i]["metrics"]["loop_lag_ns_max"] = 40'000 * (i + 1);
    }
    const std::string text = render_table(trials);
    EXPECT_NE(text.find("| loop lag max us |"), std::string::npos) << text;
    EXPECT_NE(text.find("|            80.0 |"), std::string::npos) << text;
    EXPECT_NE(text.find("Loop lag max: "), std::string::npos) << text;
}

TEST(table, a_percentile_among_unanswered_requests_is_above_the_least_they_waited) {
    fixture::trial_options options;
    options.samples = 20'000;
    auto trial = fixture::ok_trial(options);
    trial["mode"] = "open";
    trial["latency_kind"] = "response";
    trial["open_loop"] = {{"censored", 1'000}, {"censored_ns_min", 2'000'000'000}};
    auto patient = trial;
    patient["round"] = 1;
    patient["open_loop"]["censored_ns_min"] = 3'000'000'000;
    const std::string text = render_table({trial, patient});
    EXPECT_NE(text.find("| >2,000,000 |"), std::string::npos) << text;
    EXPECT_EQ(text.find(">3,000,000"), std::string::npos);
    trial["open_loop"] = {{"censored", 0}, {"censored_ns_min", nullptr}};
    EXPECT_EQ(render_table({trial}).find('>'), std::string::npos);
}

TEST(table, percentiles_come_from_the_merged_histogram) {
    std::vector<json> trials;
    for (int round = 0; round < 3; ++round) {
        trials.push_back(fixture::ok_trial({.round = round, .samples = 4'000}));
    }
    const auto summaries = summarise_trials(trials);
    // 4,000 samples are too few for p99 in a trial, 12,000 are enough.
    EXPECT_EQ(summaries.at(0).over_trials("latency_ns_p99").trials, 0u);
    ASSERT_TRUE(summaries.at(0).latency.percentile(0.99));
    EXPECT_NEAR(static_cast<double>(*summaries.at(0).latency.percentile(0.99)), 745e3, 5e3);
}

TEST(table, a_record_that_lacks_a_field_is_named) {
    json trial = fixture::ok_trial({});
    trial.erase("status");
    trial["trial"] = 17;
    try {
        render_table({trial});
        FAIL() << "accepted a trial without status";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("trial 17"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("status"), std::string::npos) << error.what();
    }
}

TEST(markdown, cells_cannot_break_the_table) {
    markdown_table table({{"a", markdown_table::align::left}, {"b"}});
    table.add({"x|y\nz", "ü"});
    table.add({"", "12"});
    EXPECT_EQ(table.text(),
              "| a      |  b |\n"
              "| :----- | -: |\n"
              "| x\\|y z |  ü |\n"
              "|        | 12 |\n");
}

TEST(format, numbers) {
    EXPECT_EQ(format::number(1234567.89, 1), "1,234,567.9");
    EXPECT_EQ(format::number(-1234, 0), "-1,234");
    EXPECT_EQ(format::number(-0.001, 2), "0.00");
    EXPECT_EQ(format::number(123, 0), "123");
    EXPECT_EQ(format::quantity(12'345.0, "latency_ns_p99"), "12.3");
    EXPECT_EQ(format::quantity(9'996.0, "latency_ns_p99"), "10.0");
    EXPECT_EQ(format::quantity(1234.0, "server_cpu_ns_per_op"), "1.23");
    EXPECT_EQ(format::quantity(0.0, "error_count"), "0");
    EXPECT_EQ(format::quantity(3.0 * (1 << 20), "pss_bytes_peak"), "3.00");
    EXPECT_EQ(format::quantity(std::nullopt, "pss_bytes_peak"), "n/a");
}

TEST(format, an_interval_says_when_it_came_from_the_bootstrap) {
    using stats::interval;
    using stats::interval_method;
    EXPECT_EQ(format::range(interval{1'000, 3'000, interval_method::log_t}, 2'000, "latency_ns"),
              "1.00-3.00");
    EXPECT_EQ(
        format::range(interval{1'000, 3'000, interval_method::bootstrap}, 2'000, "latency_ns"),
        "1.00-3.00*");
}

TEST(format, ratios_near_one_keep_their_side_of_it) {
    using stats::interval;
    using stats::interval_method;
    EXPECT_EQ(format::ratio(1.1234, interval{1.081, 1.159, interval_method::log_t}),
              "1.12 (1.08-1.16)");
    EXPECT_EQ(format::ratio(1.004, interval{1.0021, 1.0061, interval_method::log_t}),
              "1.004 (1.002-1.006)");
    EXPECT_EQ(format::ratio(1.1, std::nullopt), "1.10");
}

TEST(format, orders_for_people) {
    EXPECT_TRUE(format::natural_less("connections:50", "connections:500"));
    EXPECT_TRUE(format::natural_less("connections:9", "connections:50"));
    EXPECT_FALSE(format::natural_less("connections:50", "connections:50"));
    EXPECT_TRUE(format::runtime_less("thread", "asio"));
    EXPECT_TRUE(format::runtime_less("uring_multishot", "a_foreign_one"));
    EXPECT_TRUE(format::runtime_less("go_net", "python_asyncio"));
}

}  // namespace
}  // namespace regatta
