"""`regatta claims`: what a suite states, held against results."""
import json
import tomllib

import pytest
from harness_fixtures import TREE, one_line, regatta

SUITE = """
[[claim]]
name = "double"
says = "a is twice b"
by = "nobody"
metric = "throughput_per_s"
a = "echo/{runtime}/size:64/connections:1/workers:1"
b = "echo/null/size:64/connections:1/workers:1"
runtimes = ["thread"]
at_least = 1.8
at_most = 2.2
"""


def trial(benchmark, number, value, *, state=None, status="ok", **fields):
    return {"record": "trial", "schema": 1, "benchmark": benchmark, "round": number, "status": status,
            "metrics": {"throughput_per_s": value},
            "cache_distance": state and {"state": state}, **fields}


def write(tmp_path, *records, suite=SUITE):
    (tmp_path / "own.toml").write_text(suite)
    file = tmp_path / "results.jsonl"
    ends = [{"record": "run", "schema": 1}, *records, {"record": "end", "schema": 1}]
    file.write_text("".join(json.dumps(record) + "\n" for record in ends))
    return file


def judge(tmp_path, *records, suite=SUITE):
    file = write(tmp_path, *records, suite=suite)
    done = regatta("claims", file, "--suite", tmp_path / "own.toml", "--json")
    assert done.stderr == "", done.stderr
    return json.loads(done.stdout), done.returncode


A, B = (f"echo/{runtime}/size:64/connections:1/workers:1" for runtime in ("thread", "null"))


def pairs(ratios, **fields):
    return [record for i, ratio in enumerate(ratios)
            for record in (trial(A, i, 100 * ratio, **fields), trial(B, i, 100, **fields))]


@pytest.mark.parametrize("ratios, outcome", [
    ([1.99, 2.0, 2.01, 2.0, 2.0], "confirmed"), ([3.0, 3.01, 2.99, 3.0, 3.0], "refuted"),
    ([1.0, 1.01, 0.99, 1.0, 1.0], "refuted"), ([1.2, 2.9, 2.0, 1.5, 2.4], "cannot be told"), ([2.0], "cannot be told")])
def test_outcomes(tmp_path, ratios, outcome):
    (case,), status = judge(tmp_path, *pairs(ratios))
    assert case["outcome"] == outcome and case["rounds"] == len(ratios) and status == 0
    assert case["a"] == A and case["b"] == B and case["on"] == "thread"
    if len(ratios) > 1:
        assert case["low"] <= case["value"] <= case["high"]
        assert case["measured"].startswith("x ") and case["expected"] == "x 1.80 to x 2.20"


def test_rounds_are_paired(tmp_path):
    # The machine drifts by a factor of ten, and each round's ratio is still 2.
    drifting = [record for i in range(5) for record in
                (trial(A, i, 200 * 10 ** i * (1 + i / 1000)), trial(B, i, 100 * 10 ** i))]
    (case,), _ = judge(tmp_path, *drifting)
    assert case["outcome"] == "confirmed"


def test_a_trial_without_a_cache_state_is_comparable(tmp_path):
    records = [each for n in range(3) for each in (trial(A, n, 200 + n), trial(B, n, 100, state="near"))]
    (case,), _ = judge(tmp_path, *records)
    assert case["outcome"] == "confirmed" and case["rounds"] == 3


def test_rounds_of_another_cache_state_and_invalid_trials_are_left_out(tmp_path):
    odd = [trial(A, 7, 900, state="far"), trial(B, 7, 100, state="near"),
           trial(A, 8, 900, status="invalid"), trial(B, 8, 100),
           trial(A, 9, 900, state="changed"), trial(B, 9, 100, state="changed")]
    (case,), _ = judge(tmp_path, *pairs([1.99, 2.0, 2.01], state="near"), *odd)
    assert case["outcome"] == "confirmed" and case["rounds"] == 3


def test_what_was_not_measured_says_so(tmp_path):
    (case,), status = judge(tmp_path, trial(A, 0, 200))
    assert case["outcome"] == "not measured" and B in case["reason"] and status == 1


def test_value_at_a_path(tmp_path):
    suite = SUITE.replace('metric = "throughput_per_s"', 'metric = "server.threads.worked_share.median"')
    suite = suite.replace('b = "echo/null/size:64/connections:1/workers:1"\n', "").replace("at_least = 1.8\nat_most = 2.2", "at_most = 0.02")
    shares = [trial(A, i, 1, server={"threads": {"worked_share": {"median": 0.01 + i / 1e5}}}) for i in range(5)]
    (case,), _ = judge(tmp_path, *shares, suite=suite)
    assert case["outcome"] == "confirmed" and case["b"] is None and case["low"] < 0.01002 < case["high"] < 0.02


def slope(runtime, value, width):
    fit = {"bytes_per_connection": value, "bytes_per_connection_low": value - width,
           "bytes_per_connection_high": value + width, "bytes_at_0": 0}
    return {"record": "verdict", "schema": 1, "kind": "memory", "benchmark": f"echo/{runtime}/size:64/workers:1",
            "fits": {"server": fit, "user": None}}


@pytest.mark.parametrize("width, outcome", [(10, "confirmed"), (400, "cannot be told")])
def test_memory_slopes(tmp_path, width, outcome):
    suite = SUITE.replace("throughput_per_s", "bytes_per_connection").replace("/connections:1", "")
    (case,), _ = judge(tmp_path, slope("thread", 4000, width), slope("null", 2000, width), suite=suite)
    assert case["outcome"] == outcome and case["value"] == 2
    assert case["low"] == pytest.approx((4000 - width) / (2000 + width))
    (case,), status = judge(tmp_path, slope("thread", 4000, width), suite=suite)
    assert status == 1 and "regatta memory" in case["reason"]


def test_table(tmp_path):
    file = write(tmp_path, *pairs([1.99, 2.0, 2.01]))
    text = regatta("claims", file, "--suite", tmp_path / "own.toml").stdout
    assert "| double | thread | " in " ".join(text.split()) and "| confirmed" in text
    assert "1 confirmed, 0 refuted, 0 cannot be told, 0 not measured" in text
    assert '- **double**: "a is twice b" (nobody).' in text


def test_run_measures_what_the_claims_name(tmp_path):
    (tmp_path / "own.toml").write_text(SUITE.replace("thread", "epoll"))
    names = regatta("run", tmp_path / "own.toml", "--dry-run").stdout.split()
    assert names == [A.replace("thread", "epoll"), B]


@pytest.mark.parametrize("change, complaint", [
    (('at_least = 1.8\nat_most = 2.2', ""), "needs at_least"),
    (("at_least = 1.8", "at_least = 3"), "in this order"),
    (('says = "a is twice b"', ""), "lacks 'says'"),
    (('runtimes = ["thread"]', ""), "'runtimes' goes with {runtime}"),
    (("metric", "metrik"), "metrik"),
    (("throughput_per_s\"", "bytes_per_connection\"\nmeasure_s = 5"), "'measure_s' does not go with"),
    (('"echo/{runtime}/', '"{runtime}'), "no benchmark's name")], ids=lambda pair: pair[0][:12] if isinstance(pair, tuple) else "")
def test_malformed_claims(tmp_path, change, complaint):
    file = write(tmp_path, suite=SUITE.replace(*change))
    done = regatta("claims", file, "--suite", tmp_path / "own.toml")
    assert done.returncode == 2 and complaint in one_line(done.stderr) and "own.toml:" in done.stderr


def test_the_trees_own_claims_name_benchmarks_in_full():
    """`regatta claims` looks for exactly these names in the results."""
    names = set(regatta("run", "claims", "--dry-run", "--quiet").stdout.split())
    here = {name.split("/")[1] for name in names}
    stated = tomllib.loads((TREE / "workloads/suites/claims.toml").read_text())["claim"]
    assert len(stated) >= 10
    for claim in stated:
        for arm in filter(None, (claim["a"], claim.get("b"))):
            for runtime in claim.get("runtimes", [arm.split("/")[1]]):
                if runtime in here and claim["metric"] != "bytes_per_connection":
                    assert arm.replace("{runtime}", runtime) in names


def test_claims_about_a_p99_have_the_replies_that_it_needs():
    suite = tomllib.loads((TREE / "workloads/suites/claims.toml").read_text())
    stated = [claim for claim in suite["claim"] if claim["metric"].endswith("p99")]
    assert len(stated) >= 5
    for claim in stated:
        for arm in (claim["a"], claim["b"]):
            values = dict(part.split(":") for part in arm.split("/")[2:])
            replies = int(values["rate_per_s"]) * claim.get("measure_s", suite["measure_s"])
            assert replies * (1 - int(values["heavy_percent"]) / 100) >= 10_000
