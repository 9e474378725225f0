"""`regatta noise` on fake runtimes: its record and its table. No figure is judged here."""
import math

import pytest
from harness_fixtures import add_runtime, one_line, read_records, regatta, trials_of

METRICS = ["throughput_per_s", "server_cpu_ns_per_op", "latency_ns_p50", "latency_ns_p99"]


def noise(folder, what, *words):
    out = folder / "out.jsonl"
    done = regatta("noise", what, "--runtimes", folder, "--out", out, "--connections", "4",
                   "--measure", "0.1", "--warmup", "0.02", *words)
    return done, out


def test_the_verdict_follows_from_the_trials(tmp_path):
    for name in ["boat", "ship"]:
        add_runtime(tmp_path, name, "good")
    done, out = noise(tmp_path, "echo/(boat|ship)/size:77", "--trials", 6)
    records = read_records(out)
    assert (records[0]["verb"], records[0]["rounds"], records[0]["placement"]["mode"]) == ("noise", 6, "same-core")
    verdicts = [r for r in records if r["record"] == "verdict"]
    assert sorted(v["runtime"] for v in verdicts) == ["boat", "ship"]
    for verdict in verdicts:
        assert verdict["kind"] == "noise" and verdict["trials"] + verdict["trials_lost"] == 6
        ok = {t["round"]: t["metrics"] for t in trials_of(out, verdict["runtime"]) if t["status"] == "ok"}
        assert len(ok) == verdict["trials"]
        assert verdict["pairs"] == sum(1 for k in (0, 2, 4) if k in ok and k + 1 in ok)
        for name in METRICS:
            values = [m[name] for m in ok.values() if m[name] is not None]
            found = verdict["metrics"][name]
            assert (found is None) == (len(values) < 4)
            if found is None:
                continue
            logs = [math.log(v) for v in values]
            mean = sum(logs) / len(logs)
            variance = sum((x - mean) ** 2 for x in logs) / (len(logs) - 1)
            assert found["cv"] == pytest.approx(math.sqrt(math.expm1(variance)))
            assert found["cv_low"] <= found["cv"] <= found["cv_high"]
            if found["pair_deviation"] is not None:
                assert found["detectable_5_pairs"] > found["detectable_10_pairs"] > 0
        assert verdict["benchmark"] in done.stdout and verdict["sentence"] in done.stdout
    has_figures = all(v["metrics"]["throughput_per_s"] for v in verdicts)
    assert done.returncode == (0 if has_figures else 1)


def test_a_server_that_fails_has_no_noise_floor(tmp_path):
    add_runtime(tmp_path, "boat", "crash")
    done, out = noise(tmp_path, "echo/boat/size:77", "--trials", 4)
    assert done.returncode == 1 and "No answer: too few trials were valid" in done.stdout
    [verdict] = [r for r in read_records(out) if r["record"] == "verdict"]
    assert (verdict["trials"], verdict["trials_lost"], verdict["pairs"]) == (0, 4, 0)
    assert set(verdict["metrics"].values()) == {None}
    assert read_records(out)[-1]["failed"] == 4


@pytest.mark.parametrize("words, complaint", [
    (["--trials", "3"], "--trials: must be a whole number from 4 to 1000"),
    (["--set", "load_percent=50"], "its load depends on a measurement of its own; give rate_per_s"),
])
def test_what_is_refused(tmp_path, words, complaint):
    add_runtime(tmp_path, "boat", "good")
    done, out = noise(tmp_path, "echo/boat/size:77", *words)
    assert done.returncode == 2 and complaint in one_line(done.stderr) and not out.exists()
