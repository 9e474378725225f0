"""Open-loop runs of `regatta run`: what is asked, what is recorded, what is refused."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from harness_fixtures import LONG_ENOUGH_S, PROGRAM, SHORT, add_runtime, one_line, read_records, regatta, trials_of


def run(folder, what, *words):
    out = folder / "out.jsonl"
    # The seed is fixed, for one schedule in 16,000 is so far from its rate that its trial is invalid.
    done = regatta("run", what, "--runtimes", folder, "--out", out, "--force", "--seed", 7, *SHORT, *words)
    return done, out


# A busy test machine may make the generator late; nothing else may go wrong.
LATENESS = ("the generator sent", "the generator's own lag", "the generator was busy")


def assert_only_late(trial):
    assert trial["status"] != "failed", trial["reasons"]
    assert all(r.startswith(LATENESS) for r in trial["reasons"]), trial["reasons"]


@pytest.mark.parametrize("arrivals", ["poisson", "constant", "bursts", "steps"])
def test_open_loop_figures_add_up(tmp_path, arrivals):
    add_runtime(tmp_path, "boat", "good")
    done, out = run(tmp_path, "echo/boat/size:77", "--rate", "500", "--arrivals", arrivals)
    for trial in trials_of(out):
        assert_only_late(trial)
        assert trial["mode"] == "open" and trial["latency_kind"] == "response"
        load = trial["open_loop"]
        assert load["schedule"] == arrivals and load["offered_per_s"] == 500
        assert load["arrivals"] == trial["latency"]["count"] + load["censored"] > 0
        for part in ["service", "lag", "own_lag"]:
            assert load[part]["count"] == trial["latency"]["count"]
        assert trial["latency"]["sum"] == pytest.approx(load["service"]["sum"] + load["lag"]["sum"])
        assert trial["params"]["rate_per_s"] == 500
    assert "(open loop; latency: response time)" in done.stdout


@pytest.mark.parametrize("words, schedule, steps, mean, spread", [
    (["--steps", "0.3s@200,100ms@1000"], "steps", [(300, 200), (100, 1000)], 400, None),
    (["--steps", "300ms@200,100ms@1000", "--arrivals", "constant"], "steps", [(300, 200), (100, 1000)], 400, "constant"),
    (["--arrivals", "steps", "--steps", "200ms@500"], "steps", [(200, 500)], 500, None),
    (["--bursts", "20@50ms"], "bursts", [(1, 20000), (49, 0)], 400, None),
])
def test_the_users_rates_are_kept(tmp_path, words, schedule, steps, mean, spread):
    add_runtime(tmp_path, "boat", "good")
    out = tmp_path / "out.jsonl"
    regatta("run", "echo/boat/size:77", "--runtimes", tmp_path, "--out", out, "--rounds", "1", "--measure", "0.4",
            "--warmup", "0.02", "--connections", "4", "--seed", "7", *words)
    for trial in trials_of(out):
        assert_only_late(trial)
        load = trial["open_loop"]
        assert (load["schedule"], load["offered_per_s"]) == (schedule, mean)
        assert [(s["duration_ns"] / 1e6, s["rate_per_s"]) for s in load["steps"]] == steps
        assert trial["params"].get("arrivals") == spread
        assert trial["params"][schedule] in trial["benchmark"]
        assert trial["steady_state"] is None
        if spread or schedule == "bursts":
            assert load["arrivals"] == 160  # 400/s for 0.4 s, to the request


def test_a_window_takes_whole_periods(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    out = tmp_path / "out.jsonl"
    suite = tmp_path / "mine.toml"
    suite.write_text('rounds = 1\nwarmup_s = 0.05\nmeasure_s = 0.5\n[[benchmark]]\nworkload = "echo"\nruntimes = ["boat"]\n'
                     'params = { connections = 2, bursts = { requests = 10, period_s = 0.2 } }\n')
    regatta("run", suite, "--runtimes", tmp_path, "--out", out)
    for trial in trials_of(out):
        assert_only_late(trial)
        assert trial["open_loop"]["arrivals"] == 30 and trial["measured_ns"] == pytest.approx(6e8, abs=2e7)


def test_names_of_patterns_in_a_suite(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    suite = tmp_path / "mine.toml"
    suite.write_text("""[[benchmark]]
workload = "echo"
runtimes = ["boat"]
mode = "open"
params = { steps = [{ duration_s = 2, rate_per_s = 1000 }, { duration_s = 0.5, rate_per_s = 0 }] }
[[benchmark]]
workload = "echo"
runtimes = ["boat"]
params = { bursts = ["5@1s", "50@1s"] }
""")
    names = regatta("run", suite, "--runtimes", tmp_path, "--dry-run").stdout.split()
    assert names == [f"echo/boat/size:64/connections:50/{load}/workers:1"
                     for load in ("steps:2s@1000,500ms@0", "bursts:5@1s", "bursts:50@1s")]
    # A name is a filter and a benchmark of its own; an option replaces the suite's load.
    for words in ([suite, "steps:2s@1000,500ms@0"], [names[0]]):
        assert regatta("run", *words, "--runtimes", tmp_path, "--dry-run").stdout.split() == names[:1]
    names = regatta("run", suite, "--runtimes", tmp_path, "--dry-run", "--steps", "1s@7").stdout.split()
    assert names == ["echo/boat/size:64/connections:50/steps:1s@7/workers:1"]


def test_a_round_gives_every_runtime_the_same_schedule(tmp_path):
    program = shutil.copy(PROGRAM, tmp_path / "regatta")
    load = tmp_path / "regatta-load"
    load.write_text(f"#!/bin/sh\nread -r plan\necho \"$plan\" >>{tmp_path}/plans\nexit 1\n")
    load.chmod(0o755)
    for name in "ab":
        add_runtime(tmp_path, name, "good")
    regatta("run", "echo/[ab]/size:77", "--runtimes", tmp_path, "--rate", "2000", "--seed", "7",
            "--rounds", "2", "--out", tmp_path / "out.jsonl", program=program)
    plans = [json.loads(line) for line in (tmp_path / "plans").read_text().splitlines()]
    assert [plan["seed"] for plan in plans] == [7, 7, 8, 8]
    for plan in plans:
        assert (plan["mode"], plan["rate_per_s"], plan["arrivals"]) == ("open", 2000, "poisson")


def test_shares_of_the_measured_capacity(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    done, out = run(tmp_path, "echo/boat/size:77", "--rate", "10%,30%")
    records = read_records(out)
    trials = trials_of(out)
    assert [t["mode"] for t in trials][0] == "closed" and trials[-1]["mode"] == "open"
    closed = [t for t in trials if t["mode"] == "closed" and t["status"] == "ok"]
    for trial in trials:
        if trial["mode"] == "open" and closed:
            share = trial["params"]["load_percent"] / 100
            capacity = closed[0]["metrics"]["throughput_per_s"]
            assert trial["open_loop"]["offered_per_s"] == pytest.approx(share * capacity)
    assert len(records[0]["benchmarks"]) == 3
    # Open and closed loop stand in tables of their own.
    assert done.stdout.count("### echo/size:77") == 3


def test_a_runtime_whose_capacity_is_unknown_has_no_share_of_it(tmp_path):
    add_runtime(tmp_path, "boat", "crash")
    done, out = run(tmp_path, "echo/boat/size:77", "--rate", "50%")
    assert done.returncode == 1
    [_, open_loop] = trials_of(out)
    assert open_loop["status"] == "failed"
    assert "its closed-loop rate is not known" in open_loop["reasons"][0]


def test_names_of_a_sweep(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    names = regatta("run", "echo/boat/size:77", "--runtimes", tmp_path, "--rate", "80%..95%",
                    "--dry-run").stdout.split()
    assert names == [f"echo/boat/size:77/connections:50/load_percent:{p}/workers:1"
                     for p in (80, 90, 95)]
    suite = tmp_path / "mine.toml"
    suite.write_text('[[benchmark]]\nworkload = "echo"\nruntimes = ["boat"]\nmode = "open"\n'
                     'params = { rate_per_s = [100, 200], arrivals = "constant" }\n')
    names = regatta("run", suite, "--runtimes", tmp_path, "--dry-run").stdout.split()
    assert names == [
        f"echo/boat/size:64/connections:50/rate_per_s:{r}/arrivals:constant/workers:1"
        for r in (100, 200)]
    # An option replaces the suite's load, whichever way it is said.
    names = regatta("run", suite, "--runtimes", tmp_path, "--rate", "5%", "--dry-run").stdout.split()
    assert names == ["echo/boat/size:64/connections:50/load_percent:5/arrivals:constant/workers:1"]


@pytest.mark.parametrize("words, complaint", [
    (["--rate", "10k"], "--rate 10k: write requests a second"),
    (["--rate", "0"], "--rate 0: write requests a second"),
    (["--rate", "1000,"], None),
    (["--rate", "50%..10%"], "--rate 50%..10%"),
    (["--rate", "50%,100"], "--rate 50%,100"),
    (["--arrivals", "constant"], "--arrivals is for an open loop"),
    (["--steps", "1000"], "steps = 1000: write durations"),
    (["--steps", "2s@0"], "not all 0, like 2s@1000"),
    (["--bursts", "100"], "bursts = 100: write how many requests"),
    (["--bursts", "9@9ms", "--arrivals", "constant"], "arrivals cannot be constant beside it; leave it out"),
    (["--steps", "1s@9", "--arrivals", "bursts"], "write poisson or constant, for within a step"),
    (["--steps", "1s@9", "--rate", "5"], "give one of --rate, --steps and --bursts"),
    (["--steps", "1s@9", "--set", "load_percent=5"], None),
    (["--rate", "10", "--arrivals", "never"], "must be one of: poisson, constant, bursts, steps"),
])
def test_wrong_loads_are_refused(tmp_path, words, complaint):
    add_runtime(tmp_path, "boat", "good")
    done = regatta("run", "echo/boat/size:77", "--runtimes", tmp_path, "--dry-run", *words)
    if complaint is None:
        assert done.returncode == 0
    else:
        assert done.returncode == 2 and complaint in one_line(done.stderr)


@pytest.mark.parametrize("entry, complaint", [
    ('mode = "open"', ":3: an open loop needs rate_per_s, load_percent, steps or bursts"),
    ('mode = "closed"\nparams = { rate_per_s = 5 }', ":3: a closed loop has no rate_per_s"),
    ('mode = "ajar"', ":3: mode must be open or closed"),
    ("params = { rate_per_s = 5, steps = '1s@5' }", "give one of rate_per_s, load_percent, steps and bursts"),
    ("params = { steps = '1s' }", ":3: steps = 1s: write durations"),
    ("params = { steps = 5 }", ":3: steps must be a list of { duration_s = 2, rate_per_s = 1000 }"),
    ("params = { steps = [{ duration_s = 2, rate = 5 }] }", ":3: unknown key 'rate'"),
    ("params = { steps = [{ duration_s = 2 }] }", ":3: 'rate_per_s' must be a number"),
    ("params = { bursts = { requests = 1.5, period_s = 1 } }", ":3: bursts = 1.5@1s: write how many"),
    ("params = { bursts = [] }", ":3: an empty list selects nothing"),
    ("params = { rate_per_s = 5, load_percent = 5 }", "give one of rate_per_s, load_percent, steps and bursts"),
])
def test_a_suite_whose_mode_and_load_disagree(tmp_path, entry, complaint):
    suite = tmp_path / "mine.toml"
    suite.write_text(f'[[benchmark]]\nworkload = "echo"\n{entry}\n')
    add_runtime(tmp_path / "fleet", "boat", "good")
    done = regatta("run", suite, "--runtimes", tmp_path / "fleet", "--dry-run")
    assert done.returncode == 2 and complaint in one_line(done.stderr)


def is_sending(server_pid):
    """Whether a generator has connections open to the server (its descriptors beyond the first)."""
    try:
        return sum(1 for fd in pathlib.Path(f"/proc/{server_pid}/fd").iterdir()
                   if os.readlink(fd).startswith("socket:")) > 4
    except OSError:
        return False


def test_a_stopped_server_is_seen_in_the_series(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    out = tmp_path / "out.jsonl"
    run = subprocess.Popen(
        [PROGRAM, "run", "echo/boat/size:77", "--runtimes", tmp_path, "--out", out, "--rounds", "1",
         "--connections", "4", "--warmup", "0", "--measure", "6", "--rate", "300"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + LONG_ENOUGH_S
    server = None
    while server is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        for entry in pathlib.Path("/proc").iterdir():
            try:
                words = entry.joinpath("cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"{tmp_path}/boat".encode() in words and b"serve" in words and is_sending(entry.name):
                server = int(entry.name)
    time.sleep(1)
    os.kill(server, signal.SIGSTOP)
    time.sleep(2)
    os.kill(server, signal.SIGCONT)
    run.wait(timeout=LONG_ENOUGH_S)
    # A trial that the stall made invalid was repeated: the first is the one that was stopped.
    trial = trials_of(out)[0]
    assert trial["status"] != "failed", trial["reasons"]
    assert trial["latency"]["max"] > 1.5e9
    silent = longest = 0
    for before, after in zip(trial["intervals"], trial["intervals"][1:]):
        length = after["start_ns"] - before["start_ns"]
        silent = silent + length if before["replies"] == 0 else 0
        longest = max(longest, silent)
    assert longest > 1.5e9
    assert trial["stall"]["length_ns"] == longest and trial["stall"]["expected_replies"] > 400
    assert any(w.startswith("stalled: no reply came for") for w in trial["warnings"])
    assert all(sample["rss_bytes"] > 0 for sample in trial["memory_series"])
    assert len(trial["memory_series"]) > 1
    # Those that were due meanwhile waited, and count: some 600 at 300/s.
    assert trial["open_loop"]["queued_max"] > 300
    assert max(i["latency_ns_mean"] or 0 for i in trial["intervals"]) > 5e8
