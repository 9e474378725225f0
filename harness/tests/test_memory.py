"""`regatta memory` on fake runtimes: its slopes, its record, and what it cannot hold."""
import os
import subprocess

import pytest
from harness_fixtures import (LONG_ENOUGH_S, PROGRAM, add_runtime, one_line, processes_with,
                              read_records, regatta)


def memory(folder, what, *words, **options):
    out = folder / "out.jsonl"
    rounds = () if "--rounds" in words else ("--rounds", 1)
    done = regatta("memory", what, "--runtimes", folder, "--out", out, *rounds, *words, **options)
    return done, out


def test_a_slope_over_three_counts(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    done, out = memory(tmp_path, "echo/boat/size:77", "--connections", "40,0,3", "--rounds", 2)
    assert done.returncode == 0, done.stdout + done.stderr
    records = read_records(out)
    assert [records[0]["record"], records[-1]["record"]] == ["run", "end"]
    trials = [r for r in records if r["record"] == "memory"]
    assert sorted(t["connections"] for t in trials) == [0, 0, 3, 3, 40, 40]
    for trial in trials:
        assert trial["status"] == "ok", trial["reasons"]
        assert trial["server"]["counters"]["accepted"] == trial["connections"]
        assert trial["server"]["counters"]["requests"] == 0
        assert trial["reading"]["pss_bytes"] >= trial["reading"]["private_bytes"] > 0
        assert trial["reading"]["threads"] == 1
    [verdict] = [r for r in records if r["record"] == "verdict"]
    assert verdict["benchmark"] == "echo/boat/size:77/workers:1"
    assert verdict["connections"] == [0, 3, 40] and verdict["trials"] == 6
    user = verdict["fits"]["user"]
    assert (user["bytes_per_connection_low"] <= user["bytes_per_connection"]
            <= user["bytes_per_connection_high"])
    assert verdict["fits"]["kernel_stacks"]["bytes_per_connection"] == pytest.approx(0, abs=1e-6)
    assert "| boat " in done.stdout and "6/6" in done.stdout and str(out) in done.stdout
    assert records[-1]["ok"] == 6


def test_what_cannot_be_held_is_a_row_and_no_slope(tmp_path):
    for behaviour in ["crash", "die-connected", "good"]:
        add_runtime(tmp_path, behaviour, behaviour)
    done, out = memory(tmp_path, "echo/(crash|die-connected|good)/size:77", "--connections", "0,1,2")
    assert done.returncode == 1
    verdicts = {r["runtime"]: r for r in read_records(out) if r["record"] == "verdict"}
    assert verdicts["good"]["fits"]["user"] is not None
    assert verdicts["crash"]["trials_lost"] == 3 and verdicts["crash"]["fits"]["user"] is None
    assert verdicts["die-connected"]["connections"] == [0]
    assert "No slope: only 1 of" in verdicts["die-connected"]["sentence"]
    assert "the server ended with signal 11" in done.stdout
    assert not processes_with(f" {tmp_path}/")


def test_a_server_that_turns_connections_away_is_invalid_and_says_why(tmp_path):
    add_runtime(tmp_path, "few", "few")
    done, out = memory(tmp_path, "echo/few/size:77", "--connections", "0,1,2,5")
    assert done.returncode == 1
    [lost] = [r for r in read_records(out) if r["record"] == "memory" and r["status"] != "ok"]
    assert lost["status"] == "invalid" and lost["connections"] == 5
    assert lost["reasons"] == ["the server held 2 of 5 connections: no room for a third"]
    assert "| few " in done.stdout and "3/4" in done.stdout


def test_too_few_descriptors_are_a_row_with_the_reason(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    out = tmp_path / "out.jsonl"
    done = subprocess.run(
        ["sh", "-c", 'ulimit -n 200; exec "$0" "$@"', PROGRAM, "memory", "echo/boat/size:77", "--runtimes",
         tmp_path, "--out", out, "--rounds", "1", "--connections", "0,1,2,10000"],
        capture_output=True, text=True, timeout=LONG_ENOUGH_S)
    records = read_records(out)
    [lost] = [r for r in records if r["record"] == "memory" and r["connections"] == 10_000]
    # Root's generator may raise its limit; then it is the server that has too few.
    assert lost["status"] != "ok" and lost["reasons"]
    assert os.geteuid() == 0 or "10000 connections need 10064 file descriptors" in lost["reasons"][0]
    [verdict] = [r for r in records if r["record"] == "verdict"]
    assert verdict["connections"] == [0, 1, 2] and verdict["fits"]["user"] is not None
    assert done.returncode == 1


@pytest.mark.parametrize("words, complaint", [
    (["echo/boat/size:77", "--connections", "0,10"], "a slope needs 3 counts"),
    (["echo/boat/size:77", "--connections", "0,10,10"], "a slope needs 3 counts"),
    (["echo/boat/size:77", "--connections", "0,ten,20"], "'ten' is no number from 0"),
    (["hash/boat"], "a job has no connections"),
    (["echo/nobody/"], "nobody"),
])
def test_refusals_are_one_line(tmp_path, words, complaint):
    add_runtime(tmp_path, "boat", "good")
    done, out = memory(tmp_path, *words)
    assert done.returncode == 2 and complaint in one_line(done.stderr)
    assert not out.exists()


def test_a_report_of_a_memory_file(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    first, out = memory(tmp_path, "echo/boat/size:77", "--connections", "0,1,2")
    again = regatta("compare", out)
    assert again.returncode == 0 and again.stdout.strip() and again.stdout.strip() in first.stdout
    assert regatta("compare", out, "--filter", "boat").stdout == again.stdout
    done = regatta("report", out, "--out", tmp_path / "report")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "report" / "report.md").read_text()
    assert "## Memory" in text and "KiB for each" in text and "3 trials: 3 ok" in text
    assert " memory echo/boat/size:77 " in text  # how to repeat it


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of its own needs root")
def test_more_connections_than_an_address_has_ports(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    out = tmp_path / "out.jsonl"
    own_network = ("ip link set lo up && echo 40000 40099 > /proc/sys/net/ipv4/ip_local_port_range"
                   ' || exit 77; exec "$0" "$@"')
    # This seed takes 350 last: after them the fake server, in Python, may find no free port.
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", own_network, PROGRAM, "memory", "echo/boat/size:77", "--runtimes",
         tmp_path, "--out", out, "--rounds", "1", "--connections", "0,50,350", "--seed", "3"],
        capture_output=True, text=True, timeout=LONG_ENOUGH_S)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no network namespace of one's own here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {r["connections"] for r in read_records(out) if r["record"] == "memory"} == {0, 50, 350}
