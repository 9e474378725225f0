"""history as a program: an append-only file, and where the figures in it changed."""
import json
import pathlib
import sys
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import pytest
from harness_fixtures import SCHEMA, one_line, regatta

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "plots" / "tests"))
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "plots"))
synthetic = pytest.importorskip("synthetic")  # needs numpy

NAME = "echo/thread/size:64/connections:50/workers:1"
MADE_WITH = tuple(synthetic.MACHINE.get(name) or synthetic.BUILD[name] for name in ("compiler", "cpu_model", "kernel"))


def record(folder, number, slower=1.0, machine="0000"):
    """A results file of run `number`, a day after the one before."""
    records = synthetic.run(["thread"], [50], rounds=3, seed=number + 1, workloads=("echo",), samples=200)
    records[0] |= {"run_id": f"run-{number:03}", "started_at": f"2026-{1 + number // 28:02}-{1 + number % 28:02}T00:00:00Z"}
    records[0]["machine"] = records[0]["machine"] | {"fingerprint": machine}
    records[0]["regatta"] = records[0]["regatta"] | {"commit": f"{number:040x}"}
    for each in records:
        if each["record"] == "trial":
            each["metrics"]["server_cpu_ns_per_op"] *= slower
    return synthetic.write(folder / f"run{number}.jsonl", records)


def add(file, *records):
    done = regatta("history", "add", file, *records)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def shown(file, *words):
    done = regatta("history", "show", file, "--json", *words)
    assert done.returncode == 0, done.stderr
    series = [json.loads(line) for line in done.stdout.splitlines()]
    for each in series:
        jsonschema.Draft202012Validator(SCHEMA).validate(each)
    return series


@pytest.fixture
def long_history(tmp_path):
    """24 runs; from the 16th on a request costs a tenth more."""
    file = tmp_path / "history.jsonl"
    add(file, *[record(tmp_path, number, 1.1 if number >= 16 else 1) for number in range(24)])
    return file


def test_each_run_is_one_line_that_stays(tmp_path):
    file = tmp_path / "deep" / "history.jsonl"
    assert "run run-000, 1 benchmarks" in add(file, record(tmp_path, 0))
    first = file.read_bytes()
    add(file, record(tmp_path, 1), record(tmp_path, 2))
    assert file.read_bytes().startswith(first) and file.read_bytes().count(b"\n") == 3
    for line in file.read_text().splitlines():
        entry = json.loads(line)
        jsonschema.Draft202012Validator(SCHEMA).validate(entry)
        assert entry["benchmarks"][NAME]["server_cpu_ns_per_op"]["trials"] == 3


def test_a_run_is_added_once(tmp_path):
    file = tmp_path / "history.jsonl"
    add(file, record(tmp_path, 0))
    before = file.read_bytes()
    assert "already" in add(file, record(tmp_path, 0))
    assert file.read_bytes() == before


def test_many_may_add_at_once(tmp_path):
    file = tmp_path / "history.jsonl"
    records = [record(tmp_path, number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: add(file, each), records))
    assert sorted(json.loads(line)["run_id"] for line in file.read_text().splitlines()) == [
        f"run-{number:03}" for number in range(8)]


def test_a_change_is_found_where_it_is(long_history):
    (series,) = shown(long_history, "--metric", "server_cpu_ns_per_op")
    assert [point["run_id"] for point in series["points"]] == [f"run-{number:03}" for number in range(24)]
    assert {(point["compiler"], point["cpu_model"], point["kernel"]) for point in series["points"]} == {MADE_WITH}
    (change,) = series["changes"]
    assert 15 <= change["at"] <= 17 and 1.05 < change["ratio"] < 1.15 and change["p"] <= 0.005
    (rate,) = shown(long_history, "--metric", "throughput_per_s")
    assert rate["changes"] == []


def test_the_table_says_when_and_by_which_commit(long_history):
    done = regatta("history", "show", long_history, "--metric", "server_cpu_ns_per_op")
    assert (done.returncode, done.stderr) == (0, "")
    assert "### server_cpu_ns_per_op, machine 0000, placement split" in done.stdout
    assert "latest us/op" in done.stdout and "at 2026-01-1" in done.stdout
    assert "(000000000)" in done.stdout


def test_the_trend_is_drawn(long_history, tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "trend.svg"
    done = regatta("history", "show", long_history, "--metric", "server_cpu_ns_per_op", "--figure", out)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.strip() == str(out)
    assert "server_cpu_ns_per_op" in out.read_text() and "at run 1" in out.read_text()
    done = regatta("history", "show", long_history, "--figure", tmp_path / "trend.gif")
    assert done.returncode == 2 and "end it in .svg or .png" in done.stderr


def test_order_is_that_of_the_runs_and_not_of_the_lines(tmp_path):
    file = tmp_path / "history.jsonl"
    add(file, record(tmp_path, 2), record(tmp_path, 0), record(tmp_path, 1))
    (series,) = shown(file, "--metric", "latency_ns_p50")
    assert [point["run_id"] for point in series["points"]] == ["run-000", "run-001", "run-002"]


def test_machines_are_not_mixed(tmp_path):
    file = tmp_path / "history.jsonl"
    add(file, record(tmp_path, 0), record(tmp_path, 1, machine="0001"))
    assert [(each["machine"], len(each["points"])) for each in shown(file, "--metric", "throughput_per_s")] == [
        ("0000", 1), ("0001", 1)]


def test_a_torn_line_is_told_and_harms_nothing(tmp_path):
    file = tmp_path / "history.jsonl"
    add(file, record(tmp_path, 0), record(tmp_path, 1))
    file.write_bytes(file.read_bytes()[:-20])
    add(file, record(tmp_path, 2))
    done = regatta("history", "show", file, "--metric", "throughput_per_s", "--json")
    assert done.returncode == 0 and "1 line(s) cut short" in one_line(done.stderr)
    assert [point["run_id"] for point in json.loads(done.stdout)["points"]] == ["run-000", "run-002"]
    assert "already" not in add(file, record(tmp_path, 1))


@pytest.mark.parametrize("words, status, complaint", [
    (["add", "FILE"], 2, "results files"), (["show", "FILE", "more"], 2, "unexpected 'more'"),
    (["drop", "FILE"], 2, "ACTION"), (["show", "none.jsonl"], 1, "none.jsonl"),
    (["show", "FILE", "--filter", "nothing"], 1, "no figure matches"),
    (["show", "RECORD"], 1, "no line of a history"), (["add", "FILE", "none.jsonl"], 1, "none.jsonl"),
    (["add", "/dev/full/x", "RECORD"], 1, "cannot write"), (["show", "FILE", "--filter", "("], 2, "(")])
def test_refusals_are_one_line(tmp_path, words, status, complaint):
    file = tmp_path / "history.jsonl"
    source = record(tmp_path, 0)
    add(file, source)
    done = regatta("history", *[{"FILE": file, "RECORD": source}.get(word, word) for word in words])
    assert done.returncode == status and done.stdout == "" and complaint in one_line(done.stderr)


def test_a_full_disk_leaves_no_torn_line(tmp_path):
    done = regatta("history", "add", "/dev/full", record(tmp_path, 0))
    assert done.returncode == 1 and "/dev/full" in one_line(done.stderr)


def test_the_file_of_a_gate_is_refused(tmp_path):
    """Its trials are of two builds."""
    records = synthetic.run(["thread"], [50], samples=200)
    records[0]["verb"] = "gate"
    gate = synthetic.write(tmp_path / "gate.jsonl", records)
    for words in (["history", "add", tmp_path / "h", gate], ["diff", gate, gate]):
        done = regatta(*words)
        assert done.returncode == 1 and "gate.jsonl: its trials are of two builds" in one_line(done.stderr)


def test_a_record_without_a_valid_trial_is_refused(tmp_path):
    records = [each for each in synthetic.run(["thread"], [50], samples=200) if each["record"] != "trial"]
    done = regatta("history", "add", tmp_path / "h", synthetic.write(tmp_path / "empty.jsonl", records))
    assert done.returncode == 1 and "no valid trial" in one_line(done.stderr)
    assert "empty.jsonl" in done.stderr
