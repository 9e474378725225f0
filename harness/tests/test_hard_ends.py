"""SIGKILL to each of the processes of a run, and a full disk: the record says what happened, and nothing is left."""
import os
import pathlib
import signal
import subprocess

import pytest
from harness_fixtures import (LONG_ENOUGH_S, PROGRAM, add_runtime, one_line, processes_with, read_records, regatta,
                              wait_until)


def children_of(pid):
    """The processes whose parent is `pid`, with their command lines."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.joinpath("stat").read_text().rpartition(")")[2].split()[1] == str(pid):
                found[int(entry.name)] = entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def sockets_of(pid):
    try:
        return sum(os.readlink(fd).startswith("socket:") for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0


def under_load(run):
    """The server and the generator of a run whose trial has all its 8 connections open."""
    def both():
        children = children_of(run.pid)
        server = [pid for pid, words in children.items() if " serve " in words]
        generator = [pid for pid, words in children.items() if "regatta-load" in words]
        if server and generator and sockets_of(server[0]) >= 8 and sockets_of(generator[0]) >= 8:
            return server[0], generator[0]
        return None
    return wait_until(both)


def start(folder, *words):
    out = folder / "out.jsonl"
    run = subprocess.Popen([PROGRAM, "run", "echo/boat/size:77", "--runtimes", folder, "--out", out, "--connections", "8",
                            "--warmup", "0", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return run, out


def assert_nothing_runs(folder, *pids):
    wait_until(lambda: not processes_with(f" {folder}/"))
    for pid in pids:
        wait_until(lambda pid=pid: not pathlib.Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize("words", [[], ["--rate", "200"]], ids=["closed", "open"])
@pytest.mark.parametrize("who, name", [(0, "the server"), (1, "the generator")])
def test_a_killed_child_is_the_reason_and_the_run_goes_on(tmp_path, who, name, words):
    add_runtime(tmp_path, "boat", "good")
    run, out = start(tmp_path, "--rounds", "2", "--measure", "60", *words)
    first = under_load(run)
    os.kill(first[who], signal.SIGKILL)
    # The second round has processes of its own.
    second = wait_until(lambda: not set(pair := under_load(run)) & set(first) and pair)
    os.kill(second[who], signal.SIGKILL)
    stdout, stderr = run.communicate(timeout=LONG_ENOUGH_S)
    assert run.returncode == 1
    records = read_records(out)
    assert [r["record"] for r in records] == ["run", "trial", "trial", "end"]
    for trial in records[1:3]:
        assert trial["status"] == "failed" and trial["metrics"] is None and trial["latency"] is None
        assert len(trial["reasons"]) == 1
        assert trial["reasons"][0].startswith(f"{name} ended with signal 9 (Killed)"), trial["reasons"]
        assert trial["server"]["signal" if who == 0 else "exit_status"] == (signal.SIGKILL if who == 0 else 0)
    assert records[-1]["failed"] == 2 and records[-1]["interrupted"] is False
    assert f"{name} ended with signal 9" in stderr and "2 failed" in stdout
    assert_nothing_runs(tmp_path, *first, *second)


def test_a_killed_harness_leaves_its_finished_trials(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    run, out = start(tmp_path, "--rounds", "50", "--measure", "0.5")
    wait_until(lambda: out.exists() and out.read_bytes().count(b"\n") >= 2)
    pids = under_load(run)
    run.kill()
    run.communicate(timeout=LONG_ENOUGH_S)
    assert_nothing_runs(tmp_path, *pids)
    records = read_records(out)
    assert records[0]["record"] == "run" and {r["record"] for r in records[1:]} == {"trial"}
    done = regatta("compare", out)
    assert done.returncode == 0 and "truncated" in done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_ends_the_run_with_whole_records(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", disk], capture_output=True).returncode != 0:
        pytest.skip("mounting is not permitted here")
    try:
        add_runtime(tmp_path / "fleet", "boat", "good")
        out = disk / "out.jsonl"
        done = regatta("run", "echo/boat/size:77", "--runtimes", tmp_path / "fleet", "--rounds", 1000, "--connections",
                       8, "--measure", 0.1, "--warmup", 0, "--quiet", "--out", out)
        assert done.returncode == 1
        assert "No space left on device; the records before are kept" in one_line(done.stderr)
        records = read_records(out)
        assert len(records) > 2 and records[-1]["record"] == "trial" and records[-1]["client"]["replies"] > 0
        assert_nothing_runs(tmp_path / "fleet")
        shown = regatta("compare", out)
        assert shown.returncode == 0 and "truncated" in shown.stdout + shown.stderr
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="a pid namespace of its own needs root")
@pytest.mark.parametrize("words", [["run", "--connections", 600, "--depth", 1, "--measure", 0.2, "--warmup", 0.1],
                                   ["memory", "--connections", "0,50,600"]])
def test_where_threads_run_out_the_row_says_which_limit(tmp_path, words):
    out = tmp_path / "out.jsonl"
    few = 'echo 301 > /proc/sys/kernel/pid_max || exit 77; exec "$0" "$@"'
    done = subprocess.run(
        ["unshare", "-p", "-f", "--mount-proc", "sh", "-c", few, PROGRAM, words[0], "^echo/thread/size:64", "--set", "size=64",
         "--workers", "1", "--rounds", "1", "--out", out, "--quiet", *map(str, words[1:])],
        capture_output=True, text=True, timeout=LONG_ENOUGH_S)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no pid namespace of one's own here, or no kernel.pid_max in it")
    assert done.returncode == 1 and "kernel.pid_max = 301" in done.stdout, done.stdout + done.stderr
    crowded = [record for record in read_records(out) if "connections:600" in record.get("benchmark", "") and "status" in record]
    assert crowded and all(record["status"] in ("failed", "invalid") for record in crowded)
