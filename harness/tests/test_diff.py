"""diff as a program: two results files of different times, on records made from seeds."""
import copy
import json
import math
import pathlib
import sys

import pytest
from harness_fixtures import TREE, one_line, read_records, regatta

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "plots" / "tests"))
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "plots"))
synthetic = pytest.importorskip("synthetic")  # needs numpy

RUNTIMES = ["thread", "uring"]


def run(seed, slower=1.0, rounds=8):
    """A run in which `thread` costs so many times the CPU time."""
    records = synthetic.run(RUNTIMES, [50], rounds=rounds, seed=seed, workloads=("echo",), samples=300)
    records[0]["run_id"] = f"20260101T000000Z-{seed:04x}"
    for record in records:
        if record.get("runtime") == "thread":
            record["metrics"]["server_cpu_ns_per_op"] *= slower
    return records


def files(folder, before, after):
    return [synthetic.write(folder / name, records)
            for name, records in (("before.jsonl", before), ("after.jsonl", after))]


def compared(folder, before, after, *words):
    done = regatta("diff", *files(folder, before, after), "--format", "json", *words)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def cell(found, metric, runtime):
    (row,) = [row for row in found["differences"]
              if row["metric"] == metric and row["benchmark"].startswith(f"echo/{runtime}/")]
    return row


def test_what_became_slower_is_found_and_nothing_else(tmp_path):
    status, found = compared(tmp_path, run(1), run(2, slower=1.12))
    row = cell(found, "server_cpu_ns_per_op", "thread")
    assert row["verdict"] == "worse" and status == 1
    assert row["ratio_low"] < 1.12 < row["ratio_high"] and row["p_adjusted"] >= row["p"]
    assert row["before"]["trials"] == row["after"]["trials"] == 8
    others = [each for each in found["differences"] if each is not row]
    assert others and not any(each["verdict"] in ("worse", "better") for each in others)
    assert found["is_paired"] is False and "1 worse" in found["conclusion"]


def test_direction_is_that_of_the_metric(tmp_path):
    status, found = compared(tmp_path, run(1, slower=1.2), run(2))
    assert cell(found, "server_cpu_ns_per_op", "thread")["verdict"] == "better" and status == 0
    faster = copy.deepcopy(run(2))
    for record in faster:
        if record.get("runtime") == "uring":
            record["metrics"]["throughput_per_s"] *= 0.8
    status, found = compared(tmp_path, run(1), faster, "--metric", "throughput_per_s")
    assert cell(found, "throughput_per_s", "uring")["verdict"] == "worse" and status == 1
    assert {row["metric"] for row in found["differences"]} == {"throughput_per_s"}


def test_equal_programs_are_the_same_or_undecided(tmp_path):
    worse = 0
    for seed in range(1, 41):
        status, found = compared(tmp_path, run(seed), run(seed + 100))
        worse += status
        assert {row["verdict"] for row in found["differences"]} <= {"same", "undecided", "worse", "better"}
    assert worse <= 2  # at most 5 %
    assert cell(found, "pss_bytes_peak", "thread")["verdict"] == "same"


def test_tolerance_says_what_matters(tmp_path):
    status, found = compared(tmp_path, run(1), run(2, slower=1.12), "--tolerance", "20",
                             "--metric", "server_cpu_ns_per_op")
    assert status == 0 and cell(found, "server_cpu_ns_per_op", "thread")["verdict"] == "same"


def test_ratio_is_welchs_on_the_logarithm(tmp_path):
    """Against the formula, written down once more here."""
    before, after = run(1), run(2)
    _, found = compared(tmp_path, before, after)
    row = cell(found, "server_cpu_ns_per_op", "thread")
    logs = [[math.log(record["metrics"]["server_cpu_ns_per_op"]) for record in records
             if record.get("runtime") == "thread"] for records in (before, after)]
    means = [sum(each) / len(each) for each in logs]
    errors = [sum((x - mean) ** 2 for x in each) / (len(each) - 1) / len(each) for each, mean in zip(logs, means)]
    assert math.log(row["ratio"]) == pytest.approx(means[1] - means[0])
    degrees = sum(errors) ** 2 / sum(e * e / 7 for e in errors)
    reach = (math.log(row["ratio_high"]) - math.log(row["ratio_low"])) / 2 / math.sqrt(sum(errors))
    assert 7 < degrees <= 14 and 2.144 < reach < 2.365  # t(0.975) at 14 and at 7 degrees


def test_machines_that_differ_are_not_judged(tmp_path):
    other = run(2, slower=2)
    other[0]["machine"] = other[0]["machine"] | {"fingerprint": "0001"}
    status, found = compared(tmp_path, run(1), other)
    assert status == 3 and {row["verdict"] for row in found["differences"]} == {"not judged"}
    assert "--across-machines" in found["why_not_judged"]
    assert any(each.startswith("machine: 0000 before, 0001 after") for each in found["conditions"])
    status, found = compared(tmp_path, run(1), other, "--across-machines")
    assert status == 1 and found["why_not_judged"] is None


def test_tables_say_unpaired_and_what_else_differs(tmp_path):
    other = run(2)
    other[0]["regatta"] = other[0]["regatta"] | {"commit": "f" * 40}
    for records in (before := run(1), other):
        records[0]["runtimes"] = [{"name": "thread", "sha256": "ab"}]
    paths = files(tmp_path, before, other)
    table = regatta("diff", *paths).stdout
    assert "UNPAIRED" in table and "differs: commit: 0123456789" in table
    assert "the program of thread is the same" in table
    assert "### server_cpu_ns_per_op" in table and "before us/op" in table
    assert table.splitlines()[-1].startswith("Of 8 figures: ")
    report = regatta("diff", *paths, "--format", "markdown").stdout
    assert report.startswith("## after.jsonl against before.jsonl\n\n**Of 8 figures: ")


def test_what_one_file_lacks_is_named(tmp_path):
    after = [record for record in run(2) if record.get("runtime") != "uring"]
    status, found = compared(tmp_path, run(1), after)
    assert status == 0 and found["only_before"] == ["echo/uring/size:64/connections:50/workers:1"]
    nothing = [record for record in run(2) if record.get("record") != "trial"]
    status, found = compared(tmp_path, run(1), nothing)
    assert status == 4 and found["conclusion"].startswith("Nothing was compared")


def test_a_single_trial_has_no_verdict(tmp_path):
    _, found = compared(tmp_path, run(1, rounds=1), run(2, rounds=1))
    row = cell(found, "server_cpu_ns_per_op", "thread")
    assert row["verdict"] == "undecided" and row["ratio"] > 0 and row["ratio_low"] is None


def test_a_named_baseline_is_found_from_anywhere(tmp_path):
    file = TREE / "results" / "baselines" / "example.jsonl"
    records = read_records(file)
    for record in records:
        if record["record"] == "trial" and record["runtime"] == "epoll":
            record["metrics"]["server_cpu_ns_per_op"] *= 1.5
    records[0]["run_id"] = "20270101T000000Z-0001"
    after = tmp_path / "after.jsonl"
    after.write_text("".join(json.dumps(record) + "\n" for record in records))
    done = regatta("diff", "--baseline", "example", after, "--format", "json", "--metric", "server_cpu_ns_per_op", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    verdicts = {row["benchmark"].split("/")[1]: row["verdict"] for row in found["differences"]}
    assert verdicts["epoll"] == "worse" and verdicts["thread"] in ("same", "undecided")
    (row,) = [row for row in found["differences"] if "/epoll/" in row["benchmark"]]
    assert row["ratio"] == pytest.approx(1.5) and row["before"]["trials"] == 6
    refused = regatta("diff", "--baseline", "exampel", after, cwd=tmp_path)
    assert refused.returncode == 2 and "example" in one_line(refused.stderr)


@pytest.mark.parametrize("words, complaint", [
    ([], "two results files"), (["BEFORE"], "two results files"), (["BEFORE", "--baseline", "none"], "--baseline none"),
    (["BEFORE", "AFTER", "--metric", "speed"], "--metric speed"), (["BEFORE", "AFTER", "--tolerance", "x"], "--tolerance"),
    (["BEFORE", "AFTER", "--format", "html"], "--format"), (["BEFORE", "AFTER", "--baseline", "x"], "one results file")])
def test_refusals_are_one_line(tmp_path, words, complaint):
    before, after = files(tmp_path, run(1), run(2))
    done = regatta("diff", *[{"BEFORE": before, "AFTER": after}.get(word, word) for word in words])
    assert done.returncode == 2 and done.stdout == "" and complaint in one_line(done.stderr)


def test_a_missing_file_is_named(tmp_path):
    before, _ = files(tmp_path, run(1), run(2))
    done = regatta("diff", before, tmp_path / "none.jsonl")
    assert done.returncode == 1 and "none.jsonl" in one_line(done.stderr)
