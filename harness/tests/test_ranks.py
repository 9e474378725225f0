"""A load that several processes of this machine share, and the options that say where a load comes from."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, PROGRAM, SHORT, add_runtime, one_line, read_records, regatta, trials_of
from test_hard_ends import children_of, sockets_of, wait_until

OPEN = ["--rate", "400", "--seed", "7", "--measure", "0.5", "--warmup", "0.1", "--rounds", "1", "--connections", "7"]


def run(folder, *words, name="out"):
    if not (folder / "boat").exists():
        add_runtime(folder, "boat", "good")
    out = folder / f"{name}.jsonl"
    done = regatta("run", "echo/boat/size:77", "--runtimes", folder, "--out", out, "--force", *words)
    return done, trials_of(out)[-1] if out.exists() else None


def shards_of(folder, trial, name="out"):
    """(first line, result or None) of every shard of the trial, in the order of the ranks."""
    found = []
    for file in (folder / f"{name}.shards").glob(f"trial-{trial['trial']}.*.jsonl"):
        first, *rest = map(json.loads, file.read_text().splitlines())
        found.append((first, rest[0]["result"] if rest else None))
    return sorted(found, key=lambda shard: shard[0]["rank"])


@pytest.mark.parametrize("ranks", [1, 3, 7])
def test_ranks_are_one_load(tmp_path, ranks):
    _, alone = run(tmp_path, *OPEN, name="alone")
    done, trial = run(tmp_path, *OPEN, "--ranks", ranks)
    assert trial["status"] != "failed", done.stderr
    table = trial["ranks"]
    assert (table["transport"], table["asked"], table["reported"]) == ("local", ranks, ranks)
    assert [each["connections"] for each in table["each"]] == [(7 - r + ranks - 1) // ranks for r in range(ranks)]
    results = [result for _, result in shards_of(tmp_path, trial)]
    assert len(results) == ranks
    counts = {}
    for result in results:
        for index, count in result["latency"]["counts"]:
            counts[index] = counts.get(index, 0) + count
    assert dict(map(tuple, trial["latency"]["counts"])) == counts
    assert trial["client"]["replies"] == trial["server"]["counters"]["requests"]
    assert trial["open_loop"]["arrivals"] == alone["open_loop"]["arrivals"]
    assert trial["client"]["requests"] == alone["client"]["requests"]
    assert alone["ranks"] is None
    rows = [line for line in done.stdout.splitlines() if line.startswith("| echo/boat") and f" {os.uname().nodename} " in line]
    assert len(rows) == ranks
    shown = regatta("compare", tmp_path / "out.jsonl")
    assert shown.returncode == 0 and all(row in shown.stdout for row in rows)


def test_several_threads_on_each_rank_count_all(tmp_path):
    done, trial = run(tmp_path, *SHORT[:-1], "9", "--ranks", 2, "--generator-threads", 3)
    assert trial["status"] != "failed", done.stderr
    assert [each["threads"] for each in trial["ranks"]["each"]] == [3, 3]
    assert trial["generator"]["threads"] == 6
    assert trial["latency"]["count"] == sum(each["replies"] for each in trial["intervals"])


# Stands for `regatta-load`: starts the real one, beside it as `coordinator`, and alters what rank 2 is told and says.
ALTERING = """#!/usr/bin/python3
import json, os, subprocess, sys, threading
real = os.path.join(os.path.dirname(os.path.realpath(__file__)), "coordinator")
if len(sys.argv) > 1:
    os.execv(real, [real, *sys.argv[1:]])
child = subprocess.Popen([real], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
plan = json.loads(sys.stdin.readline() or sys.exit(0))
if plan["rank"] == 1:
    plan["engine"] = "epoll"
def feed():
    child.stdin.write(json.dumps(plan) + chr(10))
    child.stdin.flush()
    while line := sys.stdin.readline():
        child.stdin.write(line)
        child.stdin.flush()
    child.stdin.close()
threading.Thread(target=feed, daemon=True).start()
for line in child.stdout:
    event = json.loads(line)
    if event["event"] == "result" and plan["rank"] == 1:
        event["begin_late_ns"] = 9_000_000_000
    print(json.dumps(event), flush=True)
sys.exit(child.wait())
"""


def test_ranks_that_disagree_are_named(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    shutil.copy(PROGRAM, tools)
    shutil.copy(BUILD / "regatta-load", tools / "coordinator")
    tools.joinpath("regatta-load").write_text(ALTERING)
    tools.joinpath("regatta-load").chmod(0o755)
    add_runtime(tmp_path / "fleet", "boat", "good")
    out = tmp_path / "out.jsonl"
    done = regatta("run", "echo/boat/size:77", "--runtimes", tmp_path / "fleet", "--out", out, "--force", *OPEN, "--ranks", 3,
                   program=tools / "regatta")
    trial = trials_of(out)[-1]
    assert trial["status"] != "failed", done.stderr
    here = os.uname().nodename
    assert any(said.startswith(f"rank 2 on {here} began 9000.0 ms late") for said in trial["warnings"])
    engines = [result["engine"] for _, result in shards_of(tmp_path, trial)]
    assert engines[1] == "epoll"
    named = f"the ranks load with different engines: rank 2 on {here} with epoll"
    assert (named in trial["warnings"]) == ("io_uring" in engines)


def under_load(regatta_run):
    """pids of the coordinator and of each rank's (agent, generator), once all connections are open."""
    def all_of_them():
        for coordinator, words in children_of(regatta_run.pid).items():
            if "--ranks" not in words:
                continue
            ranks = [(agent, generator) for agent in sorted(children_of(coordinator))
                     for generator in children_of(agent)]
            if len(ranks) == 2 and all(sockets_of(generator) >= 4 for _, generator in ranks):
                return coordinator, ranks
        return None
    return wait_until(all_of_them)


def generator_uses_cpu(pid, seconds=0.2):
    def used():
        return sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    before = used()
    wait_until(lambda: used() > before + seconds * os.sysconf("SC_CLK_TCK"))


FAULTS = {
    "generator killed": (lambda coordinator, ranks: os.kill(ranks[1][1], signal.SIGKILL), ["rank 2 on", "signal 9 (Killed)"]),
    "agent killed": (lambda coordinator, ranks: os.kill(ranks[1][0], signal.SIGKILL), ["rank 2 on", "signal 9 (Killed)"]),
    "generator stopped": (lambda coordinator, ranks: os.kill(ranks[0][1], signal.SIGSTOP), ["rank 1 on", "is stopped"]),
    "agent stopped": (lambda coordinator, ranks: os.kill(ranks[0][0], signal.SIGSTOP), ["rank 1 on", "has said nothing"]),
    "coordinator killed": (lambda coordinator, ranks: os.kill(coordinator, signal.SIGKILL), ["signal 9 (Killed)"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_the_run_and_leaves_nobody(tmp_path, fault):
    add_runtime(tmp_path, "boat", "good")
    out = tmp_path / "out.jsonl"
    going = subprocess.Popen([PROGRAM, "run", "echo/boat/size:77", "--runtimes", tmp_path, "--out", out, "--connections", "8",
                              "--warmup", "0", "--measure", "60", "--rounds", "1", "--ranks", "2"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    coordinator, ranks = under_load(going)
    generator_uses_cpu(ranks[0][1])
    inject, words = FAULTS[fault]
    begin = time.monotonic()
    inject(coordinator, ranks)
    _, stderr = going.communicate(timeout=LONG_ENOUGH_S)
    for pid in (coordinator, *(pid for rank in ranks for pid in rank)):
        wait_until(lambda pid=pid: not pathlib.Path(f"/proc/{pid}").exists())
    assert time.monotonic() - begin <= 15
    assert going.returncode == 1
    records = read_records(out)
    assert [r["record"] for r in records] == ["run", "trial", "end"]
    trial = records[1]
    assert trial["status"] == "failed" and trial["metrics"] is None
    (reason,) = trial["reasons"]
    for word in words:
        assert word in reason and word in stderr
    assert [(first["rank"], result) for first, result in shards_of(tmp_path, trial)] == [(1, None), (2, None)]


def test_a_killed_harness_leaves_no_rank(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    going = subprocess.Popen([PROGRAM, "run", "echo/boat/size:77", "--runtimes", tmp_path, "--out", tmp_path / "out.jsonl",
                              "--connections", "8", "--warmup", "0", "--measure", "60", "--ranks", "2"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    coordinator, ranks = under_load(going)
    going.kill()
    going.wait()
    for pid in (coordinator, *(pid for rank in ranks for pid in rank)):
        wait_until(lambda pid=pid: not pathlib.Path(f"/proc/{pid}").exists())


def test_a_rank_without_a_connection_is_refused(tmp_path):
    done, trial = run(tmp_path, *OPEN[:-1], "2", "--ranks", 3)
    assert done.returncode == 1 and trial["status"] == "failed"
    assert "connections cannot be 2 (3 or more: one for each rank)" in trial["reasons"][0]


def test_messages_to_everybody_need_one_clock(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    plan = {"workload": "broadcast", "port": 1, "connections": 4, "measure_ns": 1}
    done = subprocess.run([BUILD / "regatta-load", "--ranks", "2"], input=json.dumps(plan) + "\n", capture_output=True,
                          text=True, timeout=LONG_ENOUGH_S)
    assert done.returncode == 2
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["event"] == "error" and "broadcast cannot be loaded by several ranks" in said["reason"]


@pytest.mark.parametrize("words, part", [
    (["--ranks", "2", "--hosts", "/dev/null"], "give --ranks or --hosts"),
    (["--hosts", "/no/such/file"], "no such file"),
    (["--hosts", "/dev/null"], "names no host"),
    (["--ranks", "0"], "--ranks"),
    (["--source-addresses", "home"], "'home' is no source address"),
    (["--server-address", "here"], "'here' is no address"),
])
def test_what_makes_no_sense_is_refused_in_a_line(tmp_path, words, part):
    done, trial = run(tmp_path, *SHORT, *words)
    assert done.returncode == 2 and trial is None
    assert part in one_line(done.stderr)


def test_other_hosts_need_an_address_to_come_to(tmp_path):
    if not (BUILD / "regatta-load-mpi").exists() or not shutil.which("mpirun"):
        pytest.skip("built without Open MPI, or without mpirun")
    hosts = tmp_path / "hosts"
    hosts.write_text("somewhere.example\n")
    done, trial = run(tmp_path, *SHORT, "--hosts", hosts)
    assert done.returncode == 2 and trial is None
    assert "give --server-address" in one_line(done.stderr)


def test_a_rank_that_hangs_in_its_start_ends_by_its_own_alarm():
    """MPI_Init waits for a rank that never calls it."""
    if not (BUILD / "regatta-load-mpi").exists() or not shutil.which("mpirun"):
        pytest.skip("built without Open MPI, or without mpirun")
    done = subprocess.run(["mpirun", *(["--allow-run-as-root"] if os.geteuid() == 0 else []), "--oversubscribe", "--bind-to", "none",
                           "-np", "1", "sleep", str(2 * LONG_ENOUGH_S), ":", "-np", "1", BUILD / "regatta-load-mpi"],
                          capture_output=True, text=True, timeout=LONG_ENOUGH_S, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode != 0
    assert "rank 1" in done.stderr and "signal 14 (Alarm clock)" in done.stderr


def test_without_open_mpi_the_option_says_what_to_install(tmp_path):
    for name in ("regatta", "regatta-load"):
        shutil.copy(BUILD / name, tmp_path)
    hosts = tmp_path / "hosts"
    hosts.write_text("localhost\n")
    add_runtime(tmp_path / "fleet", "boat", "good")
    done = regatta("run", "echo/boat", "--runtimes", tmp_path / "fleet", "--hosts", hosts, "--out", tmp_path / "out.jsonl",
                   program=tmp_path / "regatta")
    assert done.returncode == 3
    assert "apt-get install libopenmpi-dev openmpi-bin" in done.stderr.splitlines()[-1]


def test_a_run_without_enough_ports_is_refused_with_the_arithmetic(tmp_path):
    done, trial = run(tmp_path, *SHORT[:-1], "100000", "--source-addresses", "127.0.0.1")
    assert done.returncode == 3 and trial is None
    line = one_line(done.stderr)
    assert "100000 connections to one port need" in line and "ip_local_port_range" in line
    assert "--source-addresses" in line


def test_source_addresses_are_used(tmp_path):
    done, trial = run(tmp_path, *OPEN, "--source-addresses", "127.0.0.0/8", "--ranks", 2)
    assert trial["status"] != "failed", done.stderr
    assert trial["server"]["counters"]["accepted"] == 7


def findings(*words):
    done = regatta("doctor", "--json", *words)
    return done, {row["subject"]: row for row in json.loads(done.stdout)["findings"]}


def test_the_doctor_reckons_with_connections(tmp_path):
    done, rows = findings("--connections", "100")
    assert done.returncode == 0 and rows["source ports"]["grade"] == "OK"
    done, rows = findings("--connections", "1000000", "--source-addresses", "127.0.0.1")
    assert done.returncode == 1
    assert rows["source ports"]["grade"] == "impossible" and "need" in rows["source ports"]["advice"]
    hosts = tmp_path / "hosts"
    hosts.write_text("load1\nload2 slots=2\n")
    done, rows = findings("--connections", "1000000", "--hosts", hosts)
    assert "on each host" in rows["source ports"]["advice"]
    assert rows["descriptors of a generator"]["value"].startswith(f"{-(-1000000 // 3) + 64} of")
