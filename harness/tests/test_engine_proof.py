"""The name never lies: what a runtime's process holds and calls is what its engine is made of."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import pytest
from harness_fixtures import LONG_ENOUGH_S
from test_runtime_contract import PROGRAMS, describe, receive_exactly, serving

RING, EPOLL = "anon_inode:[io_uring]", "anon_inode:[eventpoll]"
# The model `thread` stands on plain system calls; the reference runtime on poll(2).
HOLDS = {"io_uring": {RING}, "epoll": {EPOLL}, "blocking": set(), "none": set()}


def runnable(program):
    """The program's own description; skips the test where this machine cannot run it."""
    described = describe(program)
    if not described["available"]:
        pytest.skip(described["reason"])
    return described


def converse(port):
    with socket.create_connection(("127.0.0.1", port), timeout=LONG_ENOUGH_S) as peer:
        for _ in range(20):
            peer.sendall(bytes(64))
            assert receive_exactly(peer, 64) == bytes(64)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_process_holds_the_descriptors_of_its_engine(program):
    engine = runnable(program)["engine"]
    with serving(program, "echo", "--workers", 2) as server:
        converse(server.ready["port"])
        folder = pathlib.Path(f"/proc/{server.ready['pid']}/fd")
        held = {os.readlink(entry) for entry in folder.iterdir()} & {RING, EPOLL}
        assert held == HOLDS[engine]


def can_trace():
    """Whether strace is there and may trace a child."""
    strace = shutil.which("strace")
    return strace and subprocess.run([strace, "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL,
                                     check=False).returncode == 0


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or may not trace")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_process_calls_its_engine_and_no_other(program, tmp_path):
    engine = runnable(program)["engine"]
    log = tmp_path / "calls"
    calls = "epoll_create1,epoll_ctl,epoll_wait,epoll_pwait,epoll_pwait2,io_uring_setup,io_uring_enter"
    traced = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", log, "-e", f"trace={calls}", program, "serve", "--workload", "echo"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(traced.stdout.readline())
        converse(ready["port"])
        os.kill(ready["pid"], signal.SIGTERM)
        traced.communicate(timeout=LONG_ENOUGH_S)
    finally:
        traced.kill()
        traced.communicate()
    text = log.read_text()
    assert ("epoll_" in text) == (engine == "epoll")
    assert ("io_uring_enter" in text) == (engine == "io_uring")
