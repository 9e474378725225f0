"""`regatta search` on a fake runtime: its path, its answer, its record."""
import pytest
from harness_fixtures import add_runtime, one_line, read_records, regatta, trials_of

# The median of few requests: probes are short, and a busy test machine meets the bound or does not.
WORDS = ["--connections", "4", "--measure", "0.1", "--warmup", "0.02", "--rounds", "2",
         "--longest", "0.2"]


def search(folder, *words):
    out = folder / "out.jsonl"
    done = regatta("search", "echo/boat/size:77", "--runtimes", folder, "--out", out, *WORDS, *words)
    return done, out


def test_a_search_ends_and_its_record_tells_the_whole_path(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    done, out = search(tmp_path, "--slo", "p50=20ms", "--seed", "3")
    records = read_records(out)
    assert [records[0]["record"], records[-1]["record"]] == ["run", "end"]
    [verdict] = [r for r in records if r["record"] == "verdict"]
    trials = trials_of(out)
    assert trials[0]["mode"] == "closed"
    by_number = {t["trial"]: t for t in trials}
    for step in verdict["path"]:
        trial = by_number[step["trial"]]
        assert trial["params"]["rate_per_s"] == step["rate_per_s"]
        if step["outcome"] == "met":
            assert trial["status"] == "ok" and step["latency_ns"] <= 20e6
        assert (step["outcome"] == "invalid") == (trial["status"] != "ok")
    assert len(verdict["path"]) == len(trials) - 1
    if verdict["rate_per_s"]:
        # A probe that was invalid may stand between two that confirmed.
        confirming = [s for s in verdict["path"] if s["phase"] == "confirmation"
                      and s["outcome"] == "met" and s["rate_per_s"] == verdict["rate_per_s"]]
        assert len(confirming) >= verdict["confirmations"] > 0
        assert "confirmed 2 of 2" in done.stdout
    assert done.returncode == (0 if verdict["rate_per_s"] else 1)
    assert verdict["sentence"] in done.stdout
    assert done.stdout.count("| doubling") + done.stdout.count("| bisection") > 0


def test_a_bound_that_nothing_meets(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    done, out = search(tmp_path, "--slo", "p50=1ns", "--from", "3000")
    assert done.returncode == 1
    [verdict] = [r for r in read_records(out) if r["record"] == "verdict"]
    assert verdict["rate_per_s"] is None and "No answer: " in done.stdout
    # From 3,000 to the least rate that has 220 requests in 0.2 s, unless the machine was too busy.
    rates = [step["rate_per_s"] for step in verdict["path"]]
    assert rates[-1] == 1100 or verdict["is_missed_invalid"]
    assert set(rates) <= {3000, 1500, 1100}


def test_a_server_that_fails_is_no_answer(tmp_path):
    add_runtime(tmp_path, "boat", "crash")
    done, out = search(tmp_path, "--slo", "p50=1ms")
    assert done.returncode == 1
    assert "No answer: the server ended with signal 11" in done.stdout
    assert [r["record"] for r in read_records(out)] == ["run", "trial", "verdict", "end"]


@pytest.mark.parametrize("slo", ["p99", "1ms", "p99=1", "p101=1ms"])
def test_a_wrong_objective_is_refused(tmp_path, slo):
    done, out = search(tmp_path, "--slo", slo)
    assert done.returncode == 2 and not out.exists()
    assert f"--slo {slo}: write a percentile" in one_line(done.stderr)


def test_a_job_has_no_rate(tmp_path):
    done = regatta("search", "hash", "--slo", "p99=1ms")
    assert done.returncode == 2 and "a job has no rate" in one_line(done.stderr)
