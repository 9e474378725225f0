#include "harness/record/pivot.hpp"

#include <gtest/gtest.h>

#include "harness/tests/trial_fixture.hpp"

namespace regatta {
namespace {

using fixture::add_rounds;
using nlohmann::json;

/// asio and uring at two connection counts; thread only at the first; a job.
std::vector<json> grid() {
    std::vector<json> trials;
    for (const auto& [connections, scale] : {std::pair{"1", 0.2}, {"50", 1.0}}) {
        const std::string parameters =
            std::string("size:64/connections:") + connections + "/workers:1";
        add_rounds(trials, {.runtime = "uring", .parameters = parameters},
                   {130e3 * scale, 131e3 * scale, 129e3 * scale});
        add_rounds(trials, {.runtime = "asio", .parameters = parameters},
                   {100e3 * scale, 101e3 * scale, 99e3 * scale});
    }
    add_rounds(trials, {.runtime = "thread", .parameters = "size:64/connections:1/workers:1"},
               {20e3, 19.9e3, 20.3e3});
    trials.push_back(fixture::job_trial({.runtime = "asio", .rate = 8'000, .samples = 200}));
    return trials;
}

std::string pivot_of(const std::vector<json>& trials, const pivot_layout& layout) {
    return render_pivot(summarise_trials(trials), layout);
}

TEST(pivot, golden_medians_by_runtime_and_connections) {
    EXPECT_EQ(pivot_of(grid(), {}), R"(### echo/size:64/workers:1, closed loop: throughput_per_s, /s

| runtime |          connections:1 |            connections:50 |
| :------ | ---------------------: | ------------------------: |
| thread  | 20,000 (19,557-20,589) |                         - |
| asio    | 20,000 (19,509-20,502) |  100,000 (97,543-102,512) |
| uring   | 26,000 (25,507-26,501) | 130,000 (127,537-132,505) |

### hash/block_bytes:65536/blocks:64/workers:1, job: throughput_per_s, /s

| runtime | throughput_per_s |
| :------ | ---------------: |
| asio    |      8,000 (n/a) |

Median of the ok trials (95 % interval over trials: t on the logarithm, or where marked * the bootstrap, as t would not hold the median). -: not run; n/a: no figure.
)");
}

TEST(pivot, golden_ratios_to_a_row) {
    EXPECT_EQ(pivot_of(grid(), {.baseline = "asio"}),
              R"(### echo/size:64/workers:1, closed loop: throughput_per_s

| runtime |      connections:1 |   connections:50 | geometric mean |
| :------ | -----------------: | ---------------: | -------------: |
| thread  | 1.00 (0.95-1.05) ~ |                - |            n/a |
| asio    |                  1 |                1 |           1.00 |
| uring   | 1.30 (1.29-1.31) ~ | 1.30 (1.29-1.31) |           1.30 |

### hash/block_bytes:65536/blocks:64/workers:1, job: throughput_per_s

| runtime | throughput_per_s |
| :------ | ---------------: |
| asio    |                1 |

Ratio to asio: geometric mean over paired rounds (95 % interval: t on the logarithm). ~: cannot be told apart from it, or is not ranked (one connection over loopback); unpaired: ratio of medians, for want of rounds to pair; -: not run; n/a: no ratio.
)");
}

TEST(pivot, golden_ratios_to_a_column) {
    EXPECT_EQ(pivot_of(grid(), {.metric = "server_cpu_ns_per_op",
                                .rows = "benchmark",
                                .columns = "runtime",
                                .baseline = "thread"}),
              R"(### closed loop: server_cpu_ns_per_op

| benchmark                             | thread |               asio |            uring |
| :------------------------------------ | -----: | -----------------: | ---------------: |
| echo/size:64/connections:1/workers:1  |      1 | 1.00 (0.95-1.05) ~ | 0.77 (0.74-0.81) |
| echo/size:64/connections:50/workers:1 |      - |                n/a |              n/a |

### job: server_cpu_ns_per_op

| benchmark                                  | asio |
| :----------------------------------------- | ---: |
| hash/block_bytes:65536/blocks:64/workers:1 |  n/a |

Ratio to thread: geometric mean over paired rounds (95 % interval: t on the logarithm). ~: cannot be told apart from it, or is not ranked (one connection over loopback); unpaired: ratio of medians, for want of rounds to pair; -: not run; n/a: no ratio.
)");
}

TEST(pivot, golden_across_runs_is_not_paired) {
    std::vector<json> trials;
    add_rounds(trials, {}, {100e3, 101e3, 99e3});
    add_rounds(trials, {}, {110e3, 112e3, 111e3});
    for (std::size_t i = 0; i < trials.size(); ++i) {
        trials[i]["run_id"] = i < 3 ? "first" : "second";
    }
    EXPECT_EQ(pivot_of(trials, {.columns = "run", .baseline = "first"}),
              R"(### echo/size:64/connections:50/workers:1, closed loop: throughput_per_s

| runtime | run:first |    run:second |
| :------ | --------: | ------------: |
| asio    |         1 | 1.11 unpaired |

Ratio to first: geometric mean over paired rounds (95 % interval: t on the logarithm). ~: cannot be told apart from it, or is not ranked (one connection over loopback); unpaired: ratio of medians, for want of rounds to pair; -: not run; n/a: no ratio.
)");
}

TEST(pivot, dimensions_are_the_fixed_ones_and_all_parameters) {
    const auto summaries = summarise_trials(grid());
    EXPECT_EQ(
        pivot_dimensions(summaries),
        (std::vector<std::string>{"runtime", "benchmark", "workload", "mode", "run", "connections",
                                  "size", "workers", "block_bytes", "blocks"}));
    EXPECT_EQ(pivot_values(summaries, {}, "runtime"),
              (std::vector<std::string>{"thread", "asio", "uring"}));
    EXPECT_EQ(pivot_values(summaries, {}, "connections"),
              (std::vector<std::string>{"-", "1", "50"}));
}

TEST(pivot, nothing_gives_one_line) {
    EXPECT_EQ(render_pivot({}, {}), "No trials.\n");
}

}  // namespace
}  // namespace regatta
