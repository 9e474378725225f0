"""The runtimes in other languages: what `verify` says of them, and what they do when clients or users do not behave."""
import contextlib
import json
import os
import pathlib
import resource
import select
import signal
import socket
import struct
import subprocess

import pytest
from harness_fixtures import (FOREIGN, LONG_ENOUGH_S, SHORT, TREE, add_runtime, command_of, listed, manifest_of, processes_with,
                              read_records, regatta, skip_where_absent, trials_of, wait_until, workloads_of)

PACKAGES = {"python_asyncio": "python3", "python_threads": "python3", "python_processes": "python3", "template": "python3",
            "python_uvloop": "python3-uvloop", "python_uvicorn": "python3-uvicorn", "go_net": "golang-go", "node_net": "nodejs"}


@pytest.fixture(params=FOREIGN, ids=lambda folder: folder.name)
def folder(request):
    skip_where_absent(request.param)
    return request.param


def named(name):
    found = TREE / "runtimes" / name
    skip_where_absent(found)
    return found


def test_each_says_which_package_it_needs():
    assert {each.name for each in FOREIGN} == PACKAGES.keys()
    for each in FOREIGN:
        assert PACKAGES[each.name] in manifest_of(each)["needs"] and manifest_of(each)["probe"]


def test_each_says_why_it_lacks_a_workload(folder):
    (epoll,) = [each for each in listed() if each["name"] == "epoll"]
    if folder.name == "template":
        pytest.skip("it is a template")
    offered = workloads_of(folder)
    for name, described in epoll["workloads"].items():
        if described["kind"] == "server":
            assert offered[name]["supported"] or len(offered[name]["reason"]) > 20, name


def test_absent_interpreter_is_listed_with_its_package(tmp_path):
    home = tmp_path / "boat"
    home.mkdir()
    text = (TREE / "runtimes/node_net/runtime.toml").read_text()
    (home / "runtime.toml").write_text(text.replace("node_net", "boat").replace("/usr/bin/node", "/usr/bin/no-such-node"))
    done = regatta("list", "--runtimes", tmp_path)
    assert done.returncode == 0 and "- boat: install nodejs (18 or later)\n" in done.stdout


def test_verify(folder):
    done = regatta("verify", "--runtime", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "keeps the contract, and all answers are right" in done.stdout
    assert "| FAIL" not in done.stdout


@pytest.mark.parametrize("filter, settings", [
    ("^(echo|rpc|delay|fan_out|pool|mixed|churn|stream)/python_(asyncio|uvloop)/", ["api=protocol"]),
    ("^mixed/(python_|go_net|node_net)", ["heavy=offload", "cpu_us=100"]),
    ("^overload/(python_|go_net|node_net)", ["policy=queue", "slots=1", "service_us=1000", "connections=20"]),
    ("^backlog/(python_|go_net|node_net)", ["policy=queue", "slots=1", "service_us=1000", "size=5000", "connections=20"]),
    ("^backlog/(python_|go_net|node_net)", ["policy=shed", "slots=1", "queue=0", "connections=20"]),
    ("^fan_out/(python_|go_net|node_net)", ["fail_percent=30", "connections=10"]),
    ("^fan_out/(python_|go_net|node_net)", ["levels=2", "width=3", "connections=10"]),
    ("^fan_out/(python_|go_net|node_net)", ["levels=2", "width=3", "fail_percent=30", "connections=10"]),
    ("^pool/(python_|go_net|node_net)", ["pool_size=2", "connections=20"]),
    ("^pool/(python_|go_net|node_net)", ["pool_size=2", "overflow=3", "connections=20"]),
    ("^deadline/(python_|go_net|node_net)", ["late_percent=50", "deadline_us=15000"]),
    ("^(echo|rpc)/(python_|go_net|node_net)", ["size=1000000"]),
    ("^stream/(python_|go_net|node_net)", ["direction=up", "chunk_bytes=1001"]),
    ("^stream/(python_|go_net|node_net)", ["direction=both", "chunk_bytes=100001"]),
    ("^service/(python_|go_net|node_net)", ["distribution=bimodal"]),
    ("^service/(python_|go_net|node_net)", ["distribution=fixed"]),
    ("^churn/(python_|go_net|node_net)", ["requests=3", "connections=10"]),
    ("^file/(python_|go_net|node_net)", ["read_bytes=1048576"]),
    ("^(echo|cpu_request|mixed)/python_(asyncio|uvloop|threads|processes)/", ["workers=2", "connections=10", "cpu_us=100"]),
    ("^sleepers/(python_|go_net|node_net)", ["tasks=100", "buffer=live_1k"])],
    ids=lambda value: value[0] if isinstance(value, list) else "")
def test_verify_other_settings(filter, settings):
    done = regatta("verify", filter, *[word for setting in settings for word in ("--set", setting)])
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def serving(folder, workload, *words):
    process = subprocess.Popen([*command_of(folder), "serve", "--workload", workload, *words], cwd=folder, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def connect(ready):
    return socket.create_connection(("127.0.0.1", ready["port"]), timeout=LONG_ENOUGH_S)


def stop(process):
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=LONG_ENOUGH_S)
    assert process.returncode == 0
    (line,) = output.splitlines()
    return json.loads(line)


def test_client_that_half_closes_gets_what_it_is_owed(folder):
    if not workloads_of(folder)["delay"]["supported"]:
        pytest.skip("it does not serve delay")
    request = struct.pack("<IQ", 8, 7)
    with serving(folder, "delay", "--set", "delay_us=20000") as (process, ready), connect(ready) as peer:
        peer.sendall(request * 3)
        peer.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: peer.recv(4096), b""))
        assert received == struct.pack("<IQ", 8, 7 ^ (2**64 - 1)) * 3
        done = stop(process)
    assert done["counters"]["requests"] == 3 and done["counters"]["errors"] == 0 and done["aborted_sessions"] == 0


@pytest.mark.parametrize("name", ["python_asyncio", "python_uvloop", "python_threads", "go_net", "node_net"])
def test_malformed_frame_ends_its_connection_only(name):
    with serving(named(name), "delay", "--set", "delay_us=1000") as (process, ready):
        with connect(ready) as bad, connect(ready) as good:
            bad.sendall(struct.pack("<I", (16 << 20) + 1) + b"x" * 64)
            assert bad.recv(1) == b""
            good.sendall(struct.pack("<IQ", 8, 1))
            assert len(good.recv(12)) == 12
        done = stop(process)
    assert done["counters"]["accepted"] == 2 and done["counters"]["errors"] == 1


@pytest.mark.parametrize("name", ["python_asyncio", "python_uvloop", "python_threads", "go_net", "node_net"])
def test_sessions_that_do_not_end_are_given_up_and_counted(name):
    with serving(named(name), "delay", "--set", "delay_us=60000000") as (process, ready):
        peers = [connect(ready) for _ in range(3)]
        for peer in peers:
            peer.sendall(struct.pack("<IQ", 8, 1))
        with connect(ready) as other:  # its end tells that the others' requests have been seen
            other.sendall(struct.pack("<I", 0))
            assert other.recv(1) == b""
        done = stop(process)
        assert done["aborted_sessions"] == 3 and done["counters"]["requests"] == 0
        for peer in peers:
            peer.close()


@pytest.mark.parametrize("do_clients_leave", [False, True])
def test_thousands_of_threads_end_in_time(do_clients_leave):
    """Together, at the stop or just before: all of them want the one interpreter."""
    count = 3000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 100:
        pytest.skip(f"the limit of open files is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with serving(named("python_threads"), "delay") as (process, ready):
        peers = [connect(ready) for _ in range(count)]
        wait_until(lambda: threads_of(process) > count)
        if do_clients_leave:
            for peer in peers:
                peer.close()
        done = stop(process)
        for peer in peers:
            peer.close()
    assert done["counters"]["accepted"] == count and done["counters"]["errors"] == 0


def test_thousands_of_threads_end_within_the_harness_deadline(tmp_path):
    named("python_threads")
    out = tmp_path / "out.jsonl"
    regatta("run", "^idle/python_threads/", "--set", "idle_connections=3000", *SHORT, "--out", out)
    for trial in trials_of(out):
        assert trial["status"] != "failed", trial["reasons"]
        assert trial["server"]["counters"]["accepted"] == 3004


def threads_of(process):
    return len(os.listdir(f"/proc/{process.pid}/task"))


def test_pool_of_processes_dies_with_the_program():
    with serving(named("python_processes"), "mixed", "--workers", "3") as (process, _):
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 3
        process.kill()
        process.wait()
        for child in children:
            wait_for_end(int(child))


def wait_for_end(pid):
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            assert select.select([descriptor], [], [], LONG_ENOUGH_S)[0]
        finally:
            os.close(descriptor)


def test_nothing_is_written_and_nothing_is_left():
    named("python_asyncio")
    assert not list((TREE / "runtimes").rglob("__pycache__"))
    # The processes of a pool end a moment after their parent.
    wait_until(lambda: not processes_with(str(TREE / "runtimes" / "python_")))


def test_killed_server_is_an_outcome(tmp_path):
    """A server that kills itself while it is under load: the trial fails, with the signal, and the run goes on."""
    source = named("template")
    home = tmp_path / "boat"
    home.mkdir()
    program = (source / "server.py").read_text().replace('"template"', '"boat"')
    program = program.replace("reference_only=True", "reference_only=False")
    program = program.replace("    def echo(self, peer, counts):\n",
                              "    def echo(self, peer, counts):\n        peer.recv(1); os.kill(os.getpid(), 9)\n")
    (home / "server.py").write_text(program)
    (home / "runtime.toml").write_text((source / "runtime.toml").read_text().replace('"template"', '"boat"'))
    done = regatta("run", "^(echo|delay)/boat/", "--runtimes", tmp_path, "--rounds", "1", "--measure", "0.2", "--warmup",
                   "0.02", "--connections", "4", "--workers", "1", "--out", tmp_path / "out.jsonl")
    trials = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    status = {t["workload"]: (t["status"], t["reasons"]) for t in trials if t["record"] == "trial"}
    assert done.returncode == 1
    assert status["echo"][0] == "failed" and "signal 9 (Killed)" in status["echo"][1][0]
    assert status["delay"][0] == "ok"


@pytest.mark.parametrize("behaviour, complaint", [
    ("describe-rubbish", "Hello, I am a runtime!"), ("describe-hang", "no description line within"),
    ("describe-crash", "signal 11"), ("wrong-bytes", "wrong_reply")])
def test_strict_check_of_one_that_breaks_the_contract(tmp_path, behaviour, complaint):
    add_runtime(tmp_path, "boat", behaviour)
    done = regatta("verify", "--runtime", tmp_path / "boat")
    assert done.returncode == 1 and complaint in done.stdout, done.stdout + done.stderr
    assert "boat: is not ready" in done.stdout


def test_processes_of_a_pool_count_as_the_servers(tmp_path):
    named("python_processes")
    out = tmp_path / "out.jsonl"
    regatta("run", "cpu_request/python_processes/cpu_ns:20000/connections:4/workers:2", "--rounds", "1", "--measure", "0.5",
            "--warmup", "0.1", "--out", out)
    trial = [record for record in read_records(out) if record["record"] == "trial"][-1]
    assert trial["server"]["processes"] == 3, trial["reasons"]
    # Of the loop's process alone, its start included; it computes nothing.
    loop_ns = trial["server"]["cpu_user_ns"] + trial["server"]["cpu_system_ns"]
    assert trial["metrics"]["server_cpu_ns_per_op"] > loop_ns / trial["server"]["counters"]["requests"]


def test_memory_of_waiting_tasks(tmp_path):
    named("python_asyncio")
    out = tmp_path / "out.jsonl"
    done = regatta("memory", "^sleepers/python_asyncio/", "--connections", "0,5000,10000", "--rounds", "1", "--out", out)
    (verdict,) = [record for record in read_records(out) if record["record"] == "verdict"]
    assert verdict["fits"]["user"]["bytes_per_connection"] > 100, done.stdout + done.stderr


def test_folder_without_a_manifest(tmp_path):
    done = regatta("verify", "--runtime", tmp_path)
    assert done.returncode == 2 and "no runtime.toml there" in done.stderr


BACKLOG = ["--set", "slots=1", "--set", "service_us=60000000", "--set", "queue=1"]


@pytest.mark.parametrize("name", ["python_asyncio", "python_uvloop", "python_threads", "go_net", "node_net"])
def test_backlog_reads_on_while_its_requests_wait(name):
    request = struct.pack("<I", 1 << 20) + bytes(1 << 20)
    with serving(named(name), "backlog", "--set", "policy=queue", *BACKLOG) as (_, ready), connect(ready) as peer:
        for _ in range(64):
            peer.sendall(request)  # 64 MiB, far more than sockets take


@pytest.mark.parametrize("name", ["python_asyncio", "python_uvloop", "python_threads", "go_net", "node_net"])
def test_backlog_refuses_exactly_what_finds_no_place(name):
    """One is in service, one waits, for a minute; the others are refused."""
    with serving(named(name), "backlog", "--set", "policy=shed", *BACKLOG) as (process, ready):
        peers = [connect(ready) for _ in range(5)]
        for peer in peers:
            peer.sendall(struct.pack("<I", 8) + bytes(8))
        refused = []
        while len(refused) < 3:
            readable, _, _ = select.select([peer for peer in peers if peer not in refused], [], [], LONG_ENOUGH_S)
            assert readable
            for peer in readable:
                assert peer.recv(64) == struct.pack("<I", 0)
                refused.append(peer)
        done = stop(process)
        assert done["counters"]["requests"] == 3 and done["aborted_sessions"] == 2
        for peer in peers:
            peer.close()


@pytest.mark.parametrize("name", ["python_asyncio", "python_uvloop", "python_threads", "go_net", "node_net"])
def test_client_that_resets_what_nobody_reads_does_not_fail_the_stop(name):
    with serving(named(name), "delay", "--set", "delay_us=60000000") as (process, ready):
        peer = connect(ready)
        peer.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                peer.send(struct.pack("<IQ", 8, 1) * 4096)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        stop(process)
