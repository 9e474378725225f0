"""Each runtime against the hand-written server on the same library: the comparison works, whatever its figures."""
import json
import os
import signal
import socket
import subprocess
import threading

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, read_records
from test_runtime_contract import receive_exactly

PROGRAM = BUILD / "micro" / "runtime_against_native"
CONTROLS = sorted(path for path in (BUILD / "micro" / "native").glob("*_echo") if os.access(path, os.X_OK))


def run(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=LONG_ENOUGH_S,
                          stdin=subprocess.DEVNULL)


def test_runtimes_and_controls_are_measured_in_pairs(tmp_path):
    file = tmp_path / "record.jsonl"
    done = run("--runtimes", "^(epoll|uring)$", "--rounds", 4, "--measure", 0.05, "--warmup", 0.01, "--sizes", 64,
               "--connections", "1,20", "--out", file)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = read_records(file)
    assert record["record"] == "micro" and record["program"] == "runtime_against_native" and record["rounds"] == 4
    rows = {(each["runtime"], each["control"], each["connections"]) for each in record["ratios"]}
    assert rows == {(*pair, connections) for pair in [("epoll", "epoll_echo"), ("uring", "uring_echo")]
                    for connections in (1, 20)}
    for each in record["ratios"]:
        assert each["reason"] is None
        for side in ("control", "runtime"):
            assert len(each[f"{side}_throughput_per_s"]) == len(each[f"{side}_cpu_ns_per_op"]) == 4
        for ratio in ("throughput_ratio", "cpu_time_ratio"):
            low, high = each[f"{ratio}_interval"]
            assert 0 < low <= each[ratio] <= high
        assert each["epoll_echo_cpu_time_ratio"] > 0 and each["control_epoll_echo_cpu_time_ratio"] > 0
        assert each["control"] != "epoll_echo" or each["control_epoll_echo_cpu_time_ratio"] == pytest.approx(1)
    again = run("--from", file)
    assert again.returncode == 0 and again.stdout in done.stdout


def test_runtimes_and_controls_over_unix_sockets(tmp_path):
    file = tmp_path / "record.jsonl"
    done = run("--runtimes", "^(thread|epoll|uring_multishot)$", "--rounds", 4, "--measure", 0.05, "--warmup", 0.01,
               "--sizes", 64, "--connections", 20, "--transport", "unix", "--out", file)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = read_records(file)
    assert record["transport"] == "unix"
    assert [each["reason"] for each in record["ratios"]] == [None] * 3


def test_row_that_cannot_be_measured_says_why(tmp_path):
    file = tmp_path / "record.jsonl"
    done = run("--runtimes", "^epoll$", "--rounds", 4, "--measure", 0.05, "--sizes", 64, "--connections", 100_000,
               "--out", file)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = read_records(file)
    (row,) = record["ratios"]
    if row["reason"] is None:
        pytest.skip("this machine can hold so many connections")
    assert row["reason"] in done.stdout and row["throughput_ratio"] is None


@pytest.mark.parametrize("words, complaint", [
    (["--rounds", "3"], "--rounds"), (["--runtimes", "^none$"], "--runtimes"), (["--runtimes", "("], "--runtimes"),
    (["--from", "/nonexistent"], "/nonexistent")])
def test_bad_options(words, complaint):
    done = run(*words)
    assert done.returncode in (1, 2) and complaint in done.stdout + done.stderr


@pytest.mark.parametrize("transport", ["tcp", "unix"])
@pytest.mark.parametrize("program", CONTROLS, ids=lambda path: path.name)
def test_control_echoes_and_counts(program, transport):
    name = f"regatta-test-{os.getpid()}-{program.name}"
    chosen = {"CONTROL_UNIX_NAME": name} if transport == "unix" else {}
    server = subprocess.Popen([program], stdout=subprocess.PIPE, text=True, env={**os.environ, **chosen})

    def connect():
        if transport == "tcp":
            return socket.create_connection(("127.0.0.1", port), timeout=LONG_ENOUGH_S)
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(LONG_ENOUGH_S)
        peer.connect(f"\0{name}")
        return peer

    try:
        port = json.loads(server.stdout.readline())["port"]
        peers = [connect() for _ in range(100)]
        for peer in peers:
            peer.sendall(b"x" * 100)
        for peer in peers:
            assert receive_exactly(peer, 100) == b"x" * 100
        large = os.urandom(300_000)
        sender = threading.Thread(target=peers[0].sendall, args=(large,))
        sender.start()
        assert receive_exactly(peers[0], len(large)) == large
        sender.join()
        for peer in peers:
            peer.close()
        with connect() as last_words:
            last_words.sendall(b"y" * 100)
            last_words.shutdown(socket.SHUT_WR)
            assert receive_exactly(last_words, 100) == b"y" * 100
            assert last_words.recv(1) == b"", "it hears the end also with bytes before it"
        with connect() as late:
            late.sendall(b"z")
            assert late.recv(1) == b"z"
        server.send_signal(signal.SIGTERM)
        output, _ = server.communicate(timeout=LONG_ENOUGH_S)
        assert server.returncode == 0 and json.loads(output)["event"] == "done"
    finally:
        server.kill()
        server.communicate()
