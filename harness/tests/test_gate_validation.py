"""The proof of the gate: its plan, its going on where it was, and its arithmetic, with a program in place of regatta."""
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from harness_fixtures import TREE, processes_with

FOLDER = TREE / "harness" / "gate_validation"
sys.path.append(str(FOLDER))
import exact  # noqa: E402
import plan as plans  # noqa: E402
import summary  # noqa: E402
import validate  # noqa: E402

NAME = "echo/thread/size:64/connections:50/workers:1"

PLAN = """
benchmarks = '^echo/thread'
seed = 7
[gate]
budget_s = 5
metrics = ["cpu"]
[rule]
looks = [6, 45]
ok_error = 0.05
family_error = 0.01
tolerance = [0.05]
[truth]
rounds = 6
measure_s = 0.1
[neighbour]
share = 0.5
[[runs]]
inject = ""
count = 6
[[runs]]
inject = "cpu:12%"
count = 4
[wanted]
unchanged_runs_min = 6
false_alarms_max = 0
slowed_runs_min = 4
slowdown_min = 1.10
missed_max = 0
"""

# Says what regatta would: a request costs 1000 ns, and with an injection 1120, a little more each time.
FAKE = """#!/usr/bin/python3
import json, os, pathlib, sys
words = sys.argv[1:]
home = pathlib.Path(__file__).parent
with open(home / "calls", "a") as log:
    log.write(json.dumps(words) + "\\n")
inject = words[words.index("--inject") + 1] if "--inject" in words else ""
name = "echo/thread/size:64/connections:50/workers:1"
run = {"record": "run", "regatta": {"commit": "c0ffee", "dirty": False, "compiler": "g++ 12", "build_type": "Release",
                                    "sha256": (home / "version").read_text(), "generator_sha256": "g"},
       "runtimes": [{"name": "thread", "sha256": "t"}] * 2, "gate": {"metrics": [{"metric": "cpu", "tolerance": 0.05}]},
       "machine": {"cpu_model": "abacus", "cpus_online": 2, "kernel": "Linux 1", "fingerprint": "f1"}}
if words[0] == "run":
    calls = (home / "calls").read_text().count("\\n")
    cost = (1120 if inject else 1000) * (1 + calls / 1e6)
    pathlib.Path(words[words.index("--out") + 1]).write_text(json.dumps(run) + "\\n" + json.dumps({
        "record": "trial", "status": "ok", "benchmark": name + ("/inject:" + inject if inject else ""),
        "metrics": {"server_cpu_ns_per_op": cost}}) + "\\n")
    sys.exit(0)
seed = int(words[words.index("--seed") + 1])
broken = home / f"broken-{seed}"
if broken.exists():
    broken.rename(home / f"again-{seed}") if (home / "twice").exists() else broken.unlink()
    sys.exit("the disk is full")
if (home / f"again-{seed}").exists():
    sys.exit("the disk is full again")
alarm = bool(inject) or (home / "alarm").exists()
metric = "latency_ns_p50" if (home / "beside").exists() else "server_cpu_ns_per_op"
report = words[words.index("--report") + 1].removeprefix("json=")
verdict = "REGRESSED" if alarm else "OK"
summary = {"verdict": verdict, "cells": 1, "looks": [6, 45], "ok_levels": [0.05 * (6 / 45) ** 1.5, 0.04], "strict_levels": [None, 0.01]}
pathlib.Path(report).write_text(json.dumps({"run": run, "summary": summary, "cells": [
    {"benchmark": name, "metric": metric, "verdict": verdict, "worsening": 1.12 if alarm else 1.0, "pairs": 20}]}))
sys.exit(4 if (home / "nothing").exists() and seed % 2 else 1 if alarm else 0)
"""


@pytest.fixture
def bench(tmp_path):
    """A folder with a build and a plan."""
    (tmp_path / "build").mkdir()
    fake = tmp_path / "build" / "regatta"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    (tmp_path / "build" / "version").write_text("v1")
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path


def run(bench, *words):
    return subprocess.run([sys.executable, FOLDER / "validate.py", bench / "plan.toml", "--build", bench / "build", "--out",
                           bench / "out.jsonl", *map(str, words)], capture_output=True, text=True, timeout=120)


def records(bench, kind=None):
    return [record for record in map(json.loads, (bench / "out.jsonl").read_text().splitlines())
            if kind in (None, record["kind"])]


def summarised(bench):
    done = subprocess.run([sys.executable, FOLDER / "summary.py", bench / "out.jsonl"], capture_output=True, text=True,
                          timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_it_does_all_that_the_plan_says(bench):
    assert run(bench).returncode == 0
    first, origin, *_ = records(bench)
    assert first["kind"] == "plan" and first["text"] == PLAN
    assert origin["kind"] == "origin" and origin["regatta"]["commit"] == "c0ffee" and origin["machine"]["kernel"] == "Linux 1"
    assert origin["runtimes"] == [{"name": "thread", "sha256": "t"}] and origin["rule"]["looks"] == [6, 45]
    assert all(record["commit"] == "c0ffee" for record in records(bench, "run"))
    assert sorted(record["number"] for record in records(bench, "run")) == list(range(10))
    quiet = [record for record in records(bench, "run") if not record["inject"]]
    assert len(quiet) == 6 and sum(record["has_neighbour"] for record in quiet) == 3
    (truth,) = records(bench, "truth")
    assert truth["benchmarks"][NAME]["ratio"] == pytest.approx(1.12, rel=1e-3)
    assert truth["benchmarks"][NAME]["low"] < 1.12 < truth["benchmarks"][NAME]["high"] * 1.001
    calls = [json.loads(line) for line in (bench / "build" / "calls").read_text().splitlines()]
    gates = [words for words in calls if words[0] == "gate"]
    assert all("--measure-identical" in words for words in gates)
    assert len({words[words.index("--seed") + 1] for words in gates}) == 1 + 10


def test_it_goes_on_where_it_was(bench):
    assert run(bench, "--limit", 3).returncode == 1
    before = (bench / "out.jsonl").read_bytes()
    assert len(records(bench)) == 2 + 3
    assert run(bench).returncode == 0
    assert (bench / "out.jsonl").read_bytes().startswith(before)
    numbers = [record["number"] for record in records(bench, "run")]
    assert len(numbers) == len(set(numbers)) == 10 and len(records(bench, "truth")) == 1
    unbroken = [run.number for run in plans.parse(PLAN).runs()]
    assert numbers == unbroken
    assert run(bench).returncode == 0 and len(records(bench)) == 13


def test_a_line_cut_short_is_made_again(bench):
    run(bench)
    whole = (bench / "out.jsonl").read_bytes()
    (bench / "out.jsonl").write_bytes(whole[:-10])
    assert run(bench).returncode == 0
    lines = (bench / "out.jsonl").read_text().splitlines()
    assert len(lines) == 14 and "9 runs" not in summarised(bench)


def break_run(bench, number):
    """The gate fails where it has this run's seed: plan.py gives the first seed 1 more than the plan's."""
    (bench / "build" / f"broken-{7 + 1 + number}").touch()


def test_a_run_that_fails_is_on_record_and_made_again_at_the_end(bench):
    break_run(bench, 3)
    done = run(bench)
    assert done.returncode == 0 and "run 3: gate ended with 1: the disk is full" in done.stderr
    (failure,) = records(bench, "failure")
    assert "the disk is full" in failure["reason"] and failure["number"] == 3
    assert [record["number"] for record in records(bench, "run")] == [0, 1, 2, 4, 5, 6, 7, 8, 9, 3]
    assert "ended without a verdict" not in summarised(bench)


def test_a_run_that_fails_twice_is_given_up_until_the_next_call(bench):
    (bench / "build" / "twice").touch()
    break_run(bench, 3)
    assert run(bench).returncode == 1
    assert [record["number"] for record in records(bench, "failure")] == [3, 3]
    assert len(records(bench, "run")) == 9
    assert "1 runs of the gate ended without a verdict" in summarised(bench)
    (bench / "build" / f"again-{7 + 1 + 3}").unlink()
    assert run(bench).returncode == 0 and len(records(bench, "run")) == 10


def test_another_build_is_refused_unless_told(bench):
    assert run(bench, "--limit", 3).returncode == 1
    before = (bench / "out.jsonl").read_bytes()
    (bench / "build" / "version").write_text("v2")
    done = run(bench)
    assert done.returncode == 2 and "another build or elsewhere, and differ in regatta" in done.stderr
    assert (bench / "out.jsonl").read_bytes() == before
    assert "Made with" not in summarised(bench)
    assert run(bench, "--mixed").returncode == 0
    assert len(records(bench, "origin")) == 2
    assert "Made with 2 builds or machines" in summarised(bench)


@pytest.mark.parametrize("change, differs", [
    (("Linux 1", "Linux 2"), "the machine"), (('"sha256": "t"', '"sha256": "u"'), "the runtimes"),
    (("[None, 0.01]", "[None, 0.009]"), "another rule than the plan's: family_error"),
    (('"tolerance": 0.05', '"tolerance": 0.06'), "another rule than the plan's: tolerance")])
def test_another_machine_runtime_or_rule_is_refused(bench, change, differs):
    run(bench, "--limit", 1)
    fake = bench / "build" / "regatta"
    fake.write_text(FAKE.replace(*change))
    done = run(bench)
    assert done.returncode == 2 and differs in done.stderr and done.stderr.count("\n") == 1


def test_a_build_that_changes_meanwhile_ends_the_work(bench):
    run(bench, "--limit", 2)
    fake = bench / "build" / "regatta"
    # The third gate, after the look at the build, finds another program there.
    fake.write_text(FAKE.replace("seed = int", "if len((home / 'calls').read_text().splitlines()) > 15:\n"
                                 "    run['regatta']['sha256'] = 'v2'\nseed = int"))
    assert len((bench / "build" / "calls").read_text().splitlines()) == 14
    done = run(bench)
    assert done.returncode == 2 and "regatta changed while it ran" in done.stderr
    assert len(records(bench, "run")) == 1


def test_another_plan_needs_another_file(bench):
    run(bench, "--limit", 1)
    (bench / "plan.toml").write_text(PLAN.replace("missed_max = 0", "missed_max = 4"))
    done = run(bench)
    assert done.returncode == 2 and "another plan" in done.stderr


@pytest.mark.parametrize("change, complaint", [
    (("seed = 7", "seed = 'x'"), "'seed'"), (("[neighbour]\nshare = 0.5", ""), "'neighbour'"),
    (("budget_s = 5", "budget_s = 5\nspeed = 1"), "unknown speed"), (('inject = ""', 'inject = "cpu:12%"'), "twice"),
    (("seed = 7", "seed ="), "plan.toml")])
def test_a_wrong_plan_is_one_line(bench, change, complaint):
    (bench / "plan.toml").write_text(PLAN.replace(*change))
    done = run(bench)
    assert done.returncode == 2 and complaint in done.stderr and done.stderr.count("\n") == 1
    assert not (bench / "out.jsonl").exists()


def test_no_build_is_said(bench):
    done = run(bench, "--build", bench)
    assert done.returncode == 2 and "no regatta" in done.stderr


def test_the_order_is_random_and_fixed():
    plan = plans.parse(PLAN)
    assert plan.runs() == plans.parse(PLAN).runs() != plans.parse(PLAN.replace("seed = 7", "seed = 8")).runs()
    assert [run.inject for run in plan.runs()] != sorted(run.inject for run in plan.runs())


def test_the_neighbour_is_there_and_goes(bench):
    import programs
    with programs.neighbour(False):
        pass
    with programs.neighbour(True):
        assert len(processes_with("sum(range(100000))")) >= 1
        mine = [pid for pid in pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]
        assert mine
    left = pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not set(mine) & set(left)


def test_the_plan_of_the_project_is_a_plan():
    plan = plans.read(FOLDER / "plan.toml")
    unchanged = [run for run in plan.runs() if not run.inject]
    assert len(unchanged) >= 100 and any(run.has_neighbour for run in unchanged)
    assert plan.content["wanted"]["false_alarms_max"] == 0
    # What is proven is the gate of a user who chooses nothing: all metrics, by the rule of gate/metric.hpp and gate/rule.hpp.
    rows = re.findall(r'\{"\w+", "(\w+)", ([\d.]+), (?:true|false)\}', (TREE / "harness" / "gate" / "metric.hpp").read_text())
    assert plan.content["gate"]["metrics"] == [word for word, _ in rows]
    assert plan.content["rule"]["tolerance"] == [float(tolerance) for _, tolerance in rows]
    text = (TREE / "harness" / "gate" / "rule.hpp").read_text()
    assert f"looks{{{', '.join(map(str, plan.content['rule']['looks']))}}}" in text
    assert all(f"{name} = {plan.content['rule'][name]};" in text for name in ("ok_error", "family_error"))


def test_summary_says_what_is_in_the_file(bench):
    run(bench)
    text = summarised(bench)
    assert text.startswith("regatta c0ffee, g++ 12, Release, on abacus, 2 CPUs, Linux 1 (machine f1).\n")
    assert re.search(r"\| all +\| 6 \| 0 \| 6 \| 0 \| 39\.3 % \|", text), text  # 1 - 0.05^(1/6)
    assert "| `cpu:12%` | 1.120 (" in text and "4 of 4 (39.8-100.0 %) | 2 of 2 | 4 |" in text
    assert "| 1.10 to 1.15 | 4 | 4 of 4" in text
    assert "False alarms: 0 in 6 runs without change that were judged; wanted: at most 0 in 6 or more. Met." in text
    assert "4 of 4 found (quiet 2 of 2, with a neighbour 2 of 2)" in text and "NOT" not in text


def test_summary_does_not_hide_a_false_alarm(bench):
    (bench / "build" / "alarm").touch()
    run(bench)
    text = summarised(bench)
    assert "False alarms: 6 in 6 runs without change that were judged; wanted: at most 0 in 6 or more. NOT met." in text


def test_a_run_that_compared_nothing_is_no_run_without_alarm(bench):
    (bench / "build" / "nothing").touch()
    run(bench)
    silent = [record for record in records(bench, "run") if record["exit_status"] == 4]
    unchanged = [record for record in silent if not record["inject"]]
    assert 0 < len(unchanged) < 6
    text = summarised(bench)
    assert f"| all | 6 | {len(unchanged)} | {6 - len(unchanged)} | 0 |" in text
    assert f"False alarms: 0 in {6 - len(unchanged)} runs without change that were judged; wanted: at most 0 in 6 or more. NOT met." in text
    assert f"{len(unchanged)} runs without change could compare nothing" in text
    # On a slowed head it is one that was missed.
    assert f"{4 - (len(silent) - len(unchanged))} of 4 found" in text


def test_a_run_of_which_nothing_can_be_told_is_no_run_without_alarm():
    def ended(status, *verdicts):
        return summary.is_judged({"exit_status": status, "cells": [{"verdict": verdict} for verdict in verdicts]})
    assert ended(0, "OK", "INCONCLUSIVE") and ended(1, "REGRESSED") and ended(1)
    assert not ended(0, "INCONCLUSIVE", "INCONCLUSIVE") and not ended(4)


def test_an_alarm_about_something_else_has_not_found_the_slowdown(bench):
    (bench / "build" / "beside").touch()
    run(bench)
    text = summarised(bench)
    assert "| 0 of 4 (0.0-60.2 %) | 0 of 2 | 4 |" in text and "0 of 4 found (quiet 0 of 2, with a neighbour 0 of 2)" in text


def test_found_is_the_benchmark_that_is_slowed_most():
    other = NAME.replace("thread", "uring")
    truth = {"benchmarks": {NAME: {"ratio": 1.14, "low": 1.13, "high": 1.15}, other: {"ratio": 1.2, "low": 1.12, "high": 1.3}}}

    def judged(benchmark):
        return {"exit_status": 1, "cells": [{"benchmark": benchmark, "metric": "server_cpu_ns_per_op", "verdict": "REGRESSED"}]}
    assert summary.is_found(judged(NAME), truth) and not summary.is_found(judged(other), truth)
    assert not summary.is_found(judged(NAME), None)


def test_summary_of_a_part_says_so(bench):
    run(bench, "--limit", 4)
    text = summarised(bench)
    assert "NOT complete: 3 of the plan's 10 runs" in text and text.count("NOT met") == 2


@pytest.mark.parametrize("text, complaint", [("{}\n", "no record"), ("", "nothing in it")])
def test_summary_refuses_other_files(tmp_path, text, complaint):
    file = tmp_path / "other.jsonl"
    file.write_text(text)
    done = subprocess.run([sys.executable, FOLDER / "summary.py", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and complaint in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("successes, trials, low, high", [
    # The ends are where the binomial tail is 2.5 %: closed forms at the edges.
    (0, 100, 0, 1 - 0.025 ** (1 / 100)), (30, 30, 0.025 ** (1 / 30), 1), (1, 1, 0.025, 1), (0, 1, 0, 0.975)])
def test_exact_interval_at_the_edges(successes, trials, low, high):
    assert exact.clopper_pearson(successes, trials) == pytest.approx((low, high), abs=1e-12)


def test_exact_interval_has_its_tails():
    low, high = exact.clopper_pearson(29, 35)
    assert 1 - exact.at_most(28, 35, low) == pytest.approx(0.025)
    assert exact.at_most(29, 35, high) == pytest.approx(0.025)
    assert exact.upper_bound(0, 100) == pytest.approx(1 - 0.05 ** 0.01)


def test_exact_interval_covers():
    """Over all outcomes, whatever the share: at least 95 %."""
    for true in (0.01, 0.2, 0.5, 0.93):
        covered = sum(exact.at_most(k, 20, true) - (exact.at_most(k - 1, 20, true) if k else 0) for k in range(21)
                      if exact.clopper_pearson(k, 20)[0] <= true <= exact.clopper_pearson(k, 20)[1])
        assert covered >= 0.95


@pytest.mark.parametrize("degrees, known", [(5, 2.570582), (9, 2.262157), (11, 2.200985), (30, 2.042272)])
def test_students_quantile(degrees, known):
    assert validate.student_975(degrees) == pytest.approx(known, rel=1e-3)


def test_a_bin_is_chosen_by_the_truth_and_not_by_what_was_asked():
    truths = {"cpu:12%": {"benchmarks": {NAME: {"ratio": 1.04, "low": 1.03, "high": 1.05}}}}
    runs = [{"inject": "cpu:12%", "cells": [{"benchmark": NAME, "metric": "server_cpu_ns_per_op", "verdict": "REGRESSED"}]}]
    assert summary.cell_rows(runs, truths)[-1].startswith("| 1.03 to 1.05 | 1 | 1 of 1")
