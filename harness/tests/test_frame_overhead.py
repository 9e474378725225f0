"""The fairness claim: what the shared source costs in user instructions beyond code written by hand stays within its limits."""
import shutil
import subprocess

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, read_records

PROGRAM = BUILD / "micro" / "frame_overhead"


def run(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=LONG_ENOUGH_S,
                          stdin=subprocess.DEVNULL)


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind, which counts instructions, is not installed")
def test_instructions_per_request_stay_within_the_limits(tmp_path):
    file = tmp_path / "record.jsonl"
    done = run("--no-cpu-time", "--out", file)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = read_records(file)
    assert record["record"] == "micro" and record["program"] == "frame_overhead"
    limits = {(each["runtime"], each["control"]): each["extra_instructions_per_op_max"] for each in record["comparisons"]}
    assert limits == {("thread", "blocking_echo"): 10, ("epoll", "coroutine_echo"): 10, ("epoll", "epoll_echo"): 45}
    for each in record["comparisons"]:
        assert 20 < each["control_instructions_per_op"] < 1000
        assert each["extra_instructions_per_op"] <= each["extra_instructions_per_op_max"], each
        assert each["cpu_time_ratio"] is None


def test_cpu_time_is_compared_in_pairs(tmp_path):
    file = tmp_path / "record.jsonl"
    done = run("--no-instructions", "--pairs", 4, "--requests", 200, "--connections", 4, "--out", file)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = read_records(file)
    for each in record["comparisons"]:
        assert len(each["control_cpu_ns_per_op"]) == len(each["shared_cpu_ns_per_op"]) == 4
        low, high = each["cpu_time_ratio_interval"]
        assert 0 < low <= each["cpu_time_ratio"] <= high
        assert each["extra_instructions_per_op"] is None
        assert each["runtime"] in done.stdout and each["control"] in done.stdout


@pytest.mark.parametrize("words, complaint", [
    (["--pairs", "3"], "--pairs"), (["--placement", "near"], "--placement"), (["--bogus"], "--bogus")])
def test_bad_options(words, complaint):
    done = run(*words)
    assert done.returncode == 2 and complaint in done.stdout + done.stderr


def test_unwritable_record_is_told(tmp_path):
    done = run("--no-instructions", "--pairs", 4, "--requests", 100, "--out", tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("frame_overhead: ")
