#include "harness/record/report.hpp"

#include <gtest/gtest.h>

#include "harness/tests/trial_fixture.hpp"

namespace regatta {
namespace {

using fixture::add_rounds;
using nlohmann::json;

json run_record() {
    return json::parse(R"({"record":"run","schema":1,"run_id":"20260101T000000Z-0000",
        "started_at":"2026-01-01T00:00:00Z","argv":["regatta","run","echo/.*","--set","a b='c'"],
        "seed":7,"rounds":3,
        "regatta":{"version":"0.1.0","commit":"0123abcd","dirty":true,"compiler":"g++ 12.2.0"},
        "machine":{"cpu_model":"Synthetic | CPU","cpus_online":2,"governor":null,
                   "limits":{"nofile_soft":1024}},
        "placement":{"mode":"split","server_cpus":[1],"generator_cpus":[0],"shared":false},
        "calibration":{"rounds_per_us":400},
        "runtimes":[{"name":"asio","program":"asio","sha256":"00112233445566778899aabbccddeeff",
                     "describe":{"model":"coroutine","engine":"epoll",
                                 "versions":{"boost":"1.81.0"}}}]})");
}

record_file race() {
    record_file results;
    results.run = run_record();
    add_rounds(results.trials, {.runtime = "uring"}, {130e3, 131e3, 129e3});
    add_rounds(results.trials, {.runtime = "asio"}, {100e3, 101e3});
    results.trials.push_back(
        fixture::failed_trial({.runtime = "asio", .round = 2}, "the program died of signal 11"));
    results.end = json::parse(R"({"record":"end","schema":1,"interrupted":false})");
    return results;
}

TEST(report, golden_page) {
    EXPECT_EQ(render_report(race(), "race.jsonl",
                            {{"p99_connections.svg"}, {"memory_connections: skipped: no data"}}),
              R"(# Regatta run 20260101T000000Z-0000

6 trials, 5 of them ok, from `race.jsonl`. Started 2026-01-01T00:00:00Z, seed 7, 3 rounds.

## What the intervals say

- `echo/size:64/connections:50/workers:1` (closed loop; latency: service time): Fastest: uring, 1.30 (1.28-1.32) times asio.

## Figures

![p99 connections](p99_connections.svg)

- memory_connections: skipped: no data

## Tables

### echo/size:64/connections:50/workers:1 (closed loop; latency: service time)

| runtime | rate /s | 95 % interval /s | p50 us | p99 us | p99.9 us | CPU us/op | PSS MiB | errors | trials | note     |
| :------ | ------: | ---------------: | -----: | -----: | -------: | --------: | ------: | -----: | -----: | :------- |
| asio    | 100,500 |   94,342-107,057 |    501 |    743 |      748 |      9.95 |    4.00 |      0 |    2/3 | 1 failed |
| uring   | 130,000 |  127,537-132,505 |    501 |    743 |      748 |      7.69 |    4.00 |      0 |    3/3 |          |

- failed (asio): the program died of signal 11

Rate, CPU and memory: median of the ok trials; 95 % interval over trials: t on the logarithm, or bootstrap where that does not fit. p50 to p99.9: of all ok trials' merged histograms. n/a: not measured, or too few trials or samples to say.

## Validity

- trial 2, round 2, `echo/asio/size:64/connections:50/workers:1`: failed: the program died of signal 11

## Environment

- cpu_model: Synthetic \| CPU
- cpus_online: 2
- governor: n/a
- limits: nofile_soft: 1024
- placement generator_cpus: 0
- placement mode: split
- placement server_cpus: 1
- placement shared: false
- calibration rounds_per_us: 400
- regatta commit: 0123abcd
- regatta compiler: g++ 12.2.0
- regatta dirty: true
- regatta version: 0.1.0

| runtime | model     | engine | versions      | sha256           |
| :------ | :-------- | :----- | :------------ | :--------------- |
| asio    | coroutine | epoll  | boost: 1.81.0 | 0011223344556677 |

## How to repeat it

```sh
regatta run 'echo/.*' --set 'a b='\''c'\'''
```

At commit `0123abcd` with changes on top, with seed 7.
)");
}

TEST(report, truncated_and_interrupted_runs_say_so) {
    record_file results = race();
    results.end["interrupted"] = true;
    EXPECT_NE(render_report(results, "f", {}).find("**Interrupted"), std::string::npos);
    results.truncated = true;
    results.end = nullptr;
    EXPECT_NE(render_report(results, "f", {}).find("**Truncated"), std::string::npos);
}

TEST(report, a_file_without_run_record_or_trials_has_a_report) {
    record_file results;
    results.truncated = true;
    const std::string text = render_report(results, "cut.jsonl", {});
    EXPECT_EQ(text.find("# Regatta run cut.jsonl\n\n0 trials, 0 of them ok"), 0u) << text;
    EXPECT_NE(text.find("The file has no run record."), std::string::npos);
}

TEST(report, shell_command_quotes_what_a_shell_would_change) {
    EXPECT_EQ(shell_command({"regatta", "run", "echo/.*", "", "it's", "x=1"}),
              "regatta run 'echo/.*' '' 'it'\\''s' x=1");
}

}  // namespace
}  // namespace regatta
