"""The I/O-bound workloads through the program: a backend beside the server, what is set apart, what is refused."""
import json
import subprocess

import pytest
from harness_fixtures import (BUILD, LONG_ENOUGH_S, RUNTIMES, SHORT, add_runtime, processes_with, regatta,
                              trials_of)

EPOLL = BUILD / "runtimes" / "epoll" / "epoll"


def test_verify_exchanges_all_of_them():
    names = "backlog|broadcast|chain|churn|deadline|fan_out|file|idle|overload|pool|service|stream|tail"
    done = regatta("verify", f"^({names})/(epoll|thread)/")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("OK") == 26


ALL = [name for name in RUNTIMES if name != "null"]


@pytest.mark.parametrize("workload, settings", [
    ("stream", ["direction=up"]), ("stream", ["direction=both"]), ("stream", ["direction=both", "chunk_bytes=1048576"]),
    ("service", ["distribution=fixed"]), ("service", ["distribution=bimodal"]),
    ("file", ["read_bytes=65536"]), ("http", ["body_bytes=32"]), ("http", ["body_bytes=65536"]),
    ("tail", ["slow_us=500", "connections=20"]), ("fan_out", ["fail_percent=30"]),
    ("fan_out", ["levels=2", "width=3"]), ("fan_out", ["levels=2", "width=3", "fail_percent=30", "connections=10"]),
    ("pool", ["pool_size=2", "connections=20"]), ("pool", ["pool_size=2", "overflow=3", "connections=20"]),
    ("overload", ["slots=1", "queue=0", "connections=20"])],
    ids=lambda value: ",".join(value) if isinstance(value, list) else value)
def test_verify_other_settings(workload, settings):
    done = regatta("verify", f"^{workload}/({'|'.join(ALL)})/", *[word for each in settings for word in ("--set", each)])
    assert done.returncode == 0, done.stdout + done.stderr
    [row] = [line.split("|")[2:-1] for line in done.stdout.splitlines() if line.startswith(f"| {workload} ")]
    # What a machine cannot run says so.
    assert "OK" in row[0] or "-" in row[0]
    assert {cell.strip() for cell in row} <= {"OK", "-"} and len(row) == len(ALL)


def test_a_server_that_refuses_whatever_it_is_asked_is_caught(tmp_path):
    add_runtime(tmp_path, "boat", "refuse-all")
    fleet = ["--runtimes", tmp_path]
    # It has a place for each of the three connections, or the time to do nine of ten requests.
    for workload, settings in [("overload", []), ("deadline", ["--set", "delay_us=1000", "--set", "deadline_us=2000"])]:
        done = regatta("verify", f"^{workload}/boat/", *fleet, *settings)
        assert done.returncode == 1 and f"- FAIL {workload}/boat/" in done.stdout, done.stdout
        assert "replies were" in done.stdout
    # More than it has places for: some must be refused, but not all.
    out = tmp_path / "run.jsonl"
    done = regatta("run", "overload/boat/queue:15", "--rounds", "1", "--measure", "2", "--warmup", "0.02", "--connections", "40",
                   *fleet, "--out", out)
    assert done.returncode == 1
    for trial in trials_of(out):
        count, replies = trial["apart"]["count"], trial["latency"]["count"]
        assert trial["status"] == "invalid" and count == replies
        assert any(reason.startswith(f"{count} of {count} replies were refused, and it must be ")
                   and reason.endswith(f" to {count - 1}") for reason in trial["reasons"]), trial["reasons"]


@pytest.mark.parametrize("workload", ["fan_out", "pool"])
def test_no_backend_is_left_behind(workload, tmp_path):
    out = tmp_path / "run.jsonl"
    # A delay that no other test has tells its processes from theirs.
    done = regatta("run", f"^{workload}/epoll/", *SHORT, "--set", "delay_us=4321", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    for trial in trials_of(out):
        assert trial["server"]["counters"]["requests"] > 0
        assert trial["client"]["errors"]["wrong_reply"] == 0
    assert not processes_with("delay_us=4321")


def test_a_reply_that_is_set_apart_is_counted_as_such(tmp_path):
    out = tmp_path / "run.jsonl"
    done = regatta("run", "^deadline/epoll/", *SHORT, "--set", "delay_us=1000", "--set", "late_percent=50", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    (trial,) = trials_of(out)
    assert trial["apart"]["which"] == "cancelled at the deadline"
    assert trial["apart"]["count"] > 0
    assert trial["server"]["counters"]["cancelled"] >= trial["apart"]["count"]
    assert "of the replies were cancelled at the deadline" in done.stdout


@pytest.mark.parametrize("words, complaint", [
    (["fan_out"], "backend"),
    (["echo", "--backend-port", "4242"], "no backend"),
    (["pool", "--backend-port", "0"], "--backend-port"),
    (["broadcast", "--workers", "2"], "at most 1 worker"),
])
def test_what_a_server_refuses(words, complaint):
    done = subprocess.run([EPOLL, "serve", "--workload", *words], capture_output=True, text=True, timeout=LONG_ENOUGH_S,
                          stdin=subprocess.DEVNULL)
    error = json.loads(done.stdout)
    assert done.returncode == 2 and error["event"] == "error"
    assert complaint in error["reason"]


def test_more_workers_than_a_workload_takes_are_refused_before_anything_runs():
    done = regatta("run", "^broadcast/epoll/", "--workers", "2")
    assert done.returncode == 2
    assert "workers" in done.stderr and "from 1 to 1" in done.stderr
