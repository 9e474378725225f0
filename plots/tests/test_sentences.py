"""Sentences say what the intervals support, and nothing else."""

import re

import numpy as np
import pytest
import synthetic

from regatta_plots import baseline, headlines, mixed, ranking
from regatta_plots.errors import UsageError
from regatta_plots.record import Results
from regatta_plots.stats import can_be_told_apart, ratio_of_rounds, summarise
from regatta_plots.summary import benchmarks


def race(rates: dict[str, list[float]], **changed) -> Results:
    """Closed-loop trials of echo with these rates, a value a round; None is a failed trial."""
    results = Results("race.jsonl")
    params = {"size": 64, "connections": 50, "workers": 1}
    for runtime, values in rates.items():
        for round_, rate in enumerate(values):
            made = synthetic.trial(runtime, "echo", params, round_, np.random.default_rng(round_), 1, 200)
            made["metrics"] |= {"throughput_per_s": rate, "server_cpu_ns_per_op": 1e9 / (rate or 1)}
            if rate is None:
                made.update(status="failed", metrics=None, latency=None, reasons=["it died"])
            results.add(made | changed)
    return results


def told(results: Results) -> str:
    return "\n".join(text for each in headlines.headlines(results)
                     for text in [each.subject, *each.sentences])


def test_ratio_is_that_of_paired_rounds():
    found = ratio_of_rounds([(110.0, 100.0), (220.0, 200.0), (333.0, 300.0)])
    assert found.value == pytest.approx((1.1 * 1.1 * 1.11) ** (1 / 3))
    assert found.low < found.value < found.high and found.rounds == 3
    assert ratio_of_rounds([]) is None and ratio_of_rounds([(1, 0)]) is None
    assert np.isnan(ratio_of_rounds([(2, 1)]).low)


def test_both_the_ratio_and_the_two_intervals_must_say_so():
    apart, over = summarise([100, 101, 102]), summarise([50, 100, 200])
    ratio = ratio_of_rounds([(2, 1), (2.1, 1), (2.05, 1)])
    assert can_be_told_apart(ratio, apart, summarise([50, 50.5, 51]))
    assert not can_be_told_apart(ratio, apart, over)
    assert not can_be_told_apart(ratio_of_rounds([(2, 1), (0.5, 1), (1, 1)]), apart,
                                 summarise([50, 50.5, 51]))
    assert not can_be_told_apart(ratio, apart, summarise([50]))


def test_a_leader_is_named_with_its_interval():
    results = race({"uring": [130e3, 131e3, 129e3], "asio": [100e3, 101e3, 99e3]})
    [uring, asio] = sorted(benchmarks(results), key=lambda each: each.runtime, reverse=True)
    text = ranking.sentence([asio, uring])
    assert re.fullmatch(r"Fastest: uring, 1\.30 \(1\.2\d-1\.3\d\) times asio\.", text)


def test_what_overlaps_is_not_ranked():
    results = race({"uring": [130e3, 95e3, 110e3], "asio": [100e3, 120e3, 99e3], "epoll": [50e3, 51e3, 50e3]})
    text = told(results)
    assert "No single fastest: asio and uring cannot be told apart." in text
    assert "Fastest" not in text
    assert re.search(r"Replies per second, as times that of epoll: .*uring 2\.", text)


def test_of_several_that_come_first_one_sentence_is_enough():
    results = race({"uring": [100e3, 130e3, 115e3], "asio": [119e3, 118e3, 117e3], "epoll": [110e3, 109e3, 111e3],
                    "thread": [50e3, 51e3, 50e3]})
    rivals = benchmarks(results)
    assert len(ranking.equals(ranking.ranked(rivals, ranking.RATE), ranking.RATE)) == 2
    assert "No single fastest: asio and uring cannot be told apart." in told(results)
    wide = race({"uring": [100e3, 121e3, 142e3], "asio": [118e3, 119e3, 120e3], "epoll": [110e3, 109e3, 111e3]})
    assert ranking.sentence(benchmarks(wide), only_the_lead=True) == \
        "No single fastest: uring has the best median, but epoll and asio cannot be told apart from it."


def test_a_rate_that_the_workload_set_is_nobodys_lead():
    results = race({"uring": [130e3, 131e3, 129e3], "asio": [100e3, 101e3, 99e3]}, saturation="rate-limited")
    text = told(results)
    assert "Fastest" not in text and "(rate-limited)" in text


def test_one_connection_is_not_ranked_but_by_its_cpu_time():
    results = race({"uring": [130e3, 131e3, 129e3], "asio": [100e3, 101e3, 99e3], "epoll": [50e3, 51e3, 50e3]})
    for trial in results.trials:
        trial["params"] = trial["params"] | {"connections": 1}
    text = told(results)
    assert "Not ranked: one connection over loopback measures the scheduler" in text
    assert "Fastest" not in text and "Replies per second" not in text
    assert "CPU time of the server per request, as times that of epoll" in text
    [uring, epoll] = [each for each in benchmarks(results) if each.runtime in ("uring", "epoll")]
    assert not ranking.are_apart(uring, epoll, ranking.RATE) and not ranking.are_apart(uring, epoll, "latency_ns_p50")
    assert ranking.are_apart(uring, epoll, "server_cpu_ns_per_op")
    for trial in results.trials:
        trial["params"] = trial["params"] | {"depth": 16}
    results.grouped = None
    assert "Fastest: uring" in told(results)


def test_trials_of_another_cache_state_are_no_pair():
    results = race({"uring": [130e3, 131e3, 129e3], "asio": [100e3, 101e3, 99e3]})
    for trial in results.trials:
        state = "far" if trial["runtime"] == "uring" and trial["round"] == 1 else "near"
        trial["cache_distance"] = {"state": state}
    [asio, uring] = benchmarks(results)
    assert ranking.ratio(uring, asio, ranking.RATE).rounds == 2


def test_two_builds_of_a_gate_are_two_arms():
    results = Results("gate.jsonl")
    for side, rate in (("base", 100e3), ("head", 50e3)):
        for trial in race({"asio": [rate, rate * 1.01, rate * 0.99]}, side=side).trials:
            results.add(trial | {"latency": None, "intervals": None})
    assert [each.label for each in benchmarks(results)] == ["asio (base)", "asio (head)"]
    assert "Fastest: asio (base), 2.00" in told(results)


def test_one_trial_each_is_not_ranked():
    assert "Not ranked" in told(race({"uring": [130e3], "asio": [100e3]}))
    assert told(race({"uring": [130e3, 131e3]})) == ""
    assert told(race({"uring": [None, None], "asio": [None]})) == ""


def test_a_reference_of_the_harness_is_no_rival():
    results = race({"null": [900e3, 901e3, 899e3], "asio": [100e3, 101e3, 99e3], "uring": [130e3, 131e3, 129e3]})
    results.run = {"runtimes": [{"name": "null", "describe": {"reference_only": True}}]}
    assert "null" not in told(results) and "Fastest: uring" in told(results)


def test_baseline_is_the_users_or_the_plain_loop():
    results = race({"uring": [1, 2], "epoll": [1, 2], "thread": [1, 2]})
    assert baseline.label_of(results) == "epoll"
    results.baseline = "uring"
    assert baseline.label_of(results) == "uring"
    results.baseline = "urnig"
    with pytest.raises(UsageError, match="choose from thread, epoll, uring"):
        baseline.label_of(results)
    assert baseline.label_of(race({"uring": [1, 2], "thread": [1, 2]})) == "thread"


def test_many_are_told_by_the_ends():
    rates = {f"runtime_{letter}": [k * 1000, k * 1010, k * 990] for k, letter in enumerate("abcdefghij", 2)}
    text = told(race(rates | {"epoll": [1000, 1010, 990]}))
    [line] = [each for each in text.splitlines() if each.startswith("Replies per second")]
    assert "runtime_j 11.0" in line and "runtime_a 2.0" in line and "4 more (see the table)" in line


def test_mixed_tells_the_lesson_only_where_it_holds(four):
    [pairs] = mixed.pairs_of(four).values()
    told_ = mixed.sentences(pairs)
    assert "on asio, fiber and uring they belong on a pool of threads" in told_[0]
    assert told_[0].startswith("10 % of the requests compute for 1,000 µs")
    assert "p99 of the other requests: on thread the two cannot be told apart." in told_
    assert any(each.startswith("Lag of the loop (p99) where the handler computes: ") for each in told_)
    assert mixed.sentences([mixed.Pair(p.label, p.group, p.inline, None) for p in pairs]) == []
    alike = [mixed.Pair(p.label, p.group, p.offload, p.offload) for p in pairs]
    assert "pool of threads" not in " ".join(mixed.sentences(alike))


def test_headlines_take_the_most_connections_and_the_memory_slopes(four):
    found = {each.subject: each.sentences for each in headlines.headlines(four)}
    assert "At 500 connections, echo, size 64, 1 worker (closed loop)" in found
    assert not any("At 50 connections, echo" in subject for subject in found)
    [memory] = [each for subject, each in found.items() if subject.startswith("What one more idle")]
    assert re.search(r"thread 2\.\d\d KiB \(2\.\d\d-2\.\d\d", memory[0])
    [opened] = [each for subject, each in found.items() if "open loop" in subject]
    assert opened[-1] == "thread did not keep up: the backlog grew."


def test_verdicts_of_the_run_itself_are_told():
    results = Results("search.jsonl")
    results.add({"record": "verdict", "schema": 1, "kind": "search", "benchmark": "echo/asio",
                 "sentence": "Highest rate: 9/s."})
    for verdict in ("OK", "REGRESSED"):
        results.add({"record": "verdict", "schema": 1, "kind": "gate", "benchmark": "echo/asio", "metric": "m",
                     "verdict": verdict, "sentence": f"It is {verdict}."})
    results.add({"record": "verdict", "schema": 1, "kind": "gate_summary", "sentence": "One is slower."})
    first, one, cell = headlines.headlines(results)
    assert (first.subject, first.sentences) == ("gate summary", ["One is slower."])
    assert (cell.subject, cell.sentences) == ("gate: echo/asio: m", ["It is REGRESSED."])
    assert (one.subject, one.sentences) == ("search: echo/asio", ["Highest rate: 9/s."])
