"""The benchmark of the load generator against others: what it runs, records and refuses. No figure is judged here."""
import os
import shutil
import subprocess

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, read_records

PROGRAM = BUILD / "micro" / "generator_cost"


def run(*words, **options):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=LONG_ENOUGH_S,
                          stdin=subprocess.DEVNULL, **options)


def test_every_tool_runs_in_every_round(tmp_path):
    file = tmp_path / "record.jsonl"
    done = run("--rounds", 1, "--seconds", 1, "--connections", 4, "--out", file)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = read_records(file)
    assert record["record"] == "micro" and record["program"] == "generator_cost"
    assert [each["tool"] for each in record["cost"]] == ["regatta-load", "regatta-load", "wrk", "h2load"]
    assert [each["parses"] for each in record["cost"]] == [False, True, True, True]
    assert "regatta-load, parsing" in done.stdout
    assert [each["tool"] for each in record["one_connection"]] == ["regatta-load", "sockperf"]
    for each in record["cost"] + record["one_connection"]:
        is_there = each["package"] is None or shutil.which(each["tool"])
        assert each["status"] == ("ok" if is_there else "absent")
        for name in ["generator_cpu_ns_per_op", "throughput_per_s", "latency_ns_p50"]:
            assert len(each.get(name, [1] if is_there else [])) == (1 if is_there else 0)
        assert each["tool"] in done.stdout
    assert len(record["floor"]["lag_ns_p99"]) == 1
    again = run("--from", file)
    assert again.returncode == 0 and done.stdout.startswith(again.stdout)


def test_tools_that_are_missing_are_said_and_do_not_fail_it(tmp_path):
    file = tmp_path / "record.jsonl"
    done = run("--rounds", 1, "--seconds", 1, "--connections", 1, "--out", file,
               env={**os.environ, "PATH": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = read_records(file)
    assert [each["status"] for each in record["cost"]] == ["ok", "ok", "absent", "absent"]
    assert "wrk (not installed)" in done.stdout and "sockperf (not installed)" in done.stdout
    assert record["cost"][2]["cpu_time_ratio"] is None


@pytest.mark.parametrize("words, complaint", [
    (["--rounds", "0"], "--rounds"), (["--placement", "near"], "--placement"), (["--bogus"], "--bogus")])
def test_bad_options(words, complaint):
    done = run(*words)
    assert done.returncode == 2 and complaint in done.stdout + done.stderr


def test_unknown_runtime_is_told(tmp_path):
    done = run("--runtime", "none_such", "--rounds", 1, "--seconds", 1, "--out", tmp_path / "x")
    assert done.returncode != 0 and done.stderr.startswith("generator_cost: ") and "none_such" in done.stderr
