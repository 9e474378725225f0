"""Every runtime's program against runtimes/CONTRACT.md and workloads/PROTOCOL.md, by clients that share no code with it."""
import contextlib
import hashlib
import json
import pathlib
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import tomllib

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, TREE

MASK = (1 << 64) - 1


def built_programs():
    for manifest in sorted(BUILD.glob("runtimes/*/runtime.toml")):
        described = tomllib.loads(manifest.read_text())
        if "command" in described:
            yield manifest.parent / described["command"][0]


PROGRAMS = list(built_programs())


@pytest.fixture(params=PROGRAMS, ids=lambda path: path.name)
def program(request):
    return request.param


def test_there_are_programs_to_test():
    assert {"thread", "null"} <= {path.name for path in PROGRAMS}


def call(program, *words):
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=LONG_ENOUGH_S,
                          stdin=subprocess.DEVNULL)


def describe(program):
    return json.loads(call(program, "describe").stdout)


def is_reference(program):
    return describe(program)["reference_only"]


class Server:
    """`PROGRAM serve ...` from its ready line to its end."""

    def __init__(self, program, workload, *words, **options):
        self.process = subprocess.Popen([program, "serve", "--workload", workload, *map(str, words)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        **options)
        self.ready = json.loads(self.process.stdout.readline())

    def connect(self):
        peer = socket.create_connection(("127.0.0.1", self.ready["port"]), timeout=LONG_ENOUGH_S)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return peer

    def end(self, how):
        """Asks it to stop; gives the lines that it still prints, as objects."""
        if how == "SIGTERM":
            self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=LONG_ENOUGH_S)
        return [json.loads(line) for line in output.splitlines()]


@contextlib.contextmanager
def serving(program, workload, *words):
    server = Server(program, workload, *words)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


def receive_exactly(peer, count):
    received = bytearray()
    while len(received) < count:
        piece = peer.recv(count - len(received))
        assert piece, f"closed after {len(received)} of {count} bytes"
        received += piece
    return bytes(received)


def receive_all(peer):
    return b"".join(iter(lambda: peer.recv(1 << 16), b""))


def frame(payload):
    return struct.pack("<I", len(payload)) + payload


def burn(x, rounds):
    for i in range(rounds):
        x ^= x >> 33
        x = (x * 0xFF51AFD7ED558CCD + i) & MASK
    return x


def split_mix(seed, count):
    words = bytearray()
    while len(words) < count:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        words += struct.pack("<Q", z ^ (z >> 31))
    return bytes(words[:count])


def hash_answer(block_bytes, blocks):
    block = bytearray(split_mix(0x5EED, block_bytes))
    root = hashlib.sha256()
    for i in range(blocks):
        block[:4] = struct.pack("<I", i)
        root.update(hashlib.sha256(block).digest())
    return root.hexdigest()


# describe

def test_describe(program):
    done = call(program, "describe")
    assert done.returncode == 0 and done.stdout.count("\n") == 1
    described = json.loads(done.stdout)
    assert described["contract"] == 1
    assert described["name"] == program.name
    assert described["model"] in ("thread", "coroutine", "fiber", "none")
    assert described["engine"] in ("blocking", "epoll", "io_uring", "none")
    assert described["description"] and described["versions"]["compiler"]
    assert described["available"] == (described["reason"] is None)
    for parameter in described["parameters"]:
        choices = parameter["choices"]
        default = choices.index(parameter["default"]) if choices else parameter["default"]
        assert parameter["min"] <= default <= parameter["max"], parameter
    # `switch` is a word of the language, so its header and its type are called context_switch.
    headers = {path.stem.removeprefix("context_") for path in (TREE / "workloads").glob("*.hpp")}
    assert {"echo", "cpu_request", "delay", "hash"} <= set(described["workloads"]) <= headers
    for workload in described["workloads"].values():
        assert workload["kind"] in ("server", "job")
        assert workload["supported"] == (workload["reason"] is None)


# serve

def test_ready_tells_what_is_in_effect(program):
    with serving(program, "echo", "--workers", 2, "--rounds-per-us", 77, "--set", "size=1000") as server:
        ready = server.ready
        assert ready["event"] == "ready" and ready["contract"] == 1 and ready["pid"] == server.process.pid
        effective = ready["effective"]
        assert effective["runtime"] == program.name and effective["workload"] == "echo"
        assert effective["workers"] == 2 and effective["rounds_per_us"] == 77
        assert effective["listen"] == f"127.0.0.1:{ready['port']}"
        assert effective["set"]["size"] == 1000
        for parameter in describe(program)["parameters"]:
            assert effective["set"][parameter["name"]] == parameter["default"]


@pytest.mark.parametrize("how", ["SIGTERM", "end of standard input"])
def test_both_ways_to_stop(program, how):
    with serving(program, "echo", "--set", "size=10") as server:
        with server.connect() as peer:
            peer.sendall(b"x" * 25)
            receive_exactly(peer, 25)
        with server.connect() as idle:
            idle.sendall(b"y" * 10)
            receive_exactly(idle, 10)
            (done,) = server.end(how)
        assert server.process.returncode == 0
        assert done["event"] == "done" and done["aborted_sessions"] == 0
        assert done["counters"] == {"accepted": 2, "requests": 3, "bytes_received": 35, "bytes_sent": 35, "errors": 0,
                                    "cancelled": 0}


def test_session_that_does_not_end_is_aborted_and_counted(program):
    if is_reference(program):
        pytest.skip("the reference runtime does not wait")
    with serving(program, "delay", "--set", "delay_us=60000000") as server:
        peers = [server.connect() for _ in range(3)]
        for peer in peers:
            peer.sendall(frame(b"12345678"))
        # An answered request tells that the server has seen what was sent before; here nothing is answered, so a
        # connection that it closes for a malformed frame tells it.
        with server.connect() as other:
            other.sendall(frame(b""))
            assert other.recv(1) == b""
        (done,) = server.end("SIGTERM")
        assert server.process.returncode == 0
        assert done["aborted_sessions"] == 3 and done["counters"]["requests"] == 0
        for peer in peers:
            peer.close()


def test_a_second_sigterm_does_not_wait_for_the_drain(program):
    with serving(program, "delay", "--set", "delay_us=60000000") as server:
        with server.connect() as peer:
            peer.sendall(frame(b"12345678"))
            server.process.send_signal(signal.SIGTERM)
            while server.process.poll() is None:
                server.process.send_signal(signal.SIGTERM)
        # 0 when the drain was over before the second one came.
        assert server.process.returncode in (-signal.SIGTERM, 0)


def test_given_port_is_used_and_refused_when_in_use(program):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = call(program, "serve", "--workload", "echo", "--listen", f"127.0.0.1:{port}")
        assert done.returncode == 1
        error = json.loads(done.stdout)
        assert error["event"] == "error" and str(port) in error["reason"] and "in use" in error["reason"]
    with serving(program, "echo", "--listen", f"127.0.0.1:{port}") as server:
        assert server.ready["port"] == port


def test_address_of_another_machine(program):
    done = call(program, "serve", "--workload", "echo", "--listen", "203.0.113.1:0")
    assert done.returncode == 1
    assert "203.0.113.1" in json.loads(done.stdout)["reason"]


@pytest.mark.parametrize("words, complaint", [
    ([], "verb"),
    (["race"], "race"),
    (["serve"], "--workload"),
    (["serve", "--workload", "ech"], "ech"),
    (["serve", "--workload", "hash"], "job"),
    (["job", "--workload", "echo"], "serve"),
    (["serve", "--workload", "echo", "--workers", "0"], "--workers"),
    (["serve", "--workload", "echo", "--workers", "two"], "--workers"),
    (["serve", "--workload", "echo", "--workers"], "--workers"),
    (["serve", "--workload", "echo", "--rounds-per-us", "-1"], "--rounds-per-us"),
    (["serve", "--workload", "echo", "--speed", "9"], "--speed"),
    (["serve", "--workload", "echo", "--listen", "8080"], "--listen"),
    (["serve", "--workload", "echo", "--listen", "localhost:0"], "localhost"),
    (["serve", "--workload", "echo", "--listen", "127.0.0.1:70000"], "70000"),
    (["serve", "--workload", "echo", "--set", "size"], "NAME=VALUE"),
    (["serve", "--workload", "echo", "--set", "sise=1"], "sise"),
    (["serve", "--workload", "echo", "--set", "size=0"], "size"),
    (["serve", "--workload", "echo", "--set", "size=1048577"], "1048576"),
    (["serve", "--workload", "echo", "--set", "size=64k"], "64k"),
    (["serve", "--workload", "echo", "--set", "size=99999999999999999999"], "size"),
    (["job", "--workload", "hash", "--min-time", "0"], "--min-time"),
    (["job", "--workload", "hash", "--set", "blocks=0"], "blocks"),
], ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "")
def test_usage_errors(program, words, complaint):
    done = call(program, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout.count("\n") == 1
    error = json.loads(done.stdout)
    assert error["event"] == "error" and complaint in error["reason"], error


# The bytes on the wire

def test_echo_of_ten_mebibytes_to_a_python_socket(program):
    message = split_mix(7, 1 << 16) * 160
    with serving(program, "echo") as server, server.connect() as peer:
        sender = threading.Thread(target=lambda: (peer.sendall(message), peer.shutdown(socket.SHUT_WR)))
        sender.start()
        assert receive_all(peer) == message
        sender.join()
        (done,) = server.end("SIGTERM")
        assert done["counters"]["bytes_received"] == done["counters"]["bytes_sent"] == len(message)


@pytest.mark.skipif(not shutil.which("nc"), reason="nc is not installed: install netcat-openbsd")
def test_echo_of_ten_mebibytes_to_netcat(program):
    message = split_mix(8, 1 << 16) * 160
    with serving(program, "echo") as server:
        done = subprocess.run(["nc", "-N", "127.0.0.1", str(server.ready["port"])], input=message,
                              capture_output=True, timeout=LONG_ENOUGH_S)
    assert done.returncode == 0 and done.stdout == message


def test_delay_inverts_the_nonce(program):
    with serving(program, "delay", "--set", "delay_us=1000") as server, server.connect() as peer:
        for nonce in (0, 1, 0x0123456789ABCDEF, MASK):
            peer.sendall(frame(struct.pack("<Q", nonce)))
            assert receive_exactly(peer, 12) == frame(struct.pack("<Q", nonce ^ MASK))


def test_cpu_request_computes(program):
    words = ["--rounds-per-us", 40, "--set", "cpu_ns=2599"]
    with serving(program, "cpu_request", *words) as server, server.connect() as peer:
        for nonce in (0, 1, 0x0123456789ABCDEF, MASK):
            peer.sendall(frame(struct.pack("<Q", nonce)))
            assert receive_exactly(peer, 12) == frame(struct.pack("<Q", burn(nonce, 2599 * 40 // 1000)))


@pytest.mark.parametrize("bytes_sent", [
    frame(b"1234567"), frame(b"123456789"), frame(b""), struct.pack("<I", (16 << 20) + 1)],
    ids=["short", "long", "empty", "beyond 16 MiB"])
def test_malformed_frame_closes_the_connection(program, bytes_sent):
    with serving(program, "cpu_request", "--set", "cpu_ns=100") as server, server.connect() as peer:
        peer.sendall(bytes_sent)
        assert peer.recv(1) == b""
        (done,) = server.end("SIGTERM")
        assert done["counters"]["errors"] == 1 and done["counters"]["accepted"] == 1


# job

@pytest.mark.parametrize("workers", [1, 2])
def test_job_computes_the_answer(program, workers):
    done = call(program, "job", "--workload", "hash", "--workers", workers, "--min-time", "0.01",
                "--set", "block_bytes=1001", "--set", "blocks=37")
    assert done.returncode == 0 and done.stdout.count("\n") == 1, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["event"] == "result" and result["contract"] == 1
    assert result["effective"]["workers"] == workers
    assert result["effective"]["set"]["block_bytes"] == 1001 and result["effective"]["set"]["blocks"] == 37
    assert result["answer"] == hash_answer(1001, 37)
    assert result["units_per_iteration"] == 37
    latency = result["latency"]
    assert result["iterations"] == latency["count"] == sum(count for _, count in latency["counts"]) >= 1
    assert 0 < latency["min"] <= latency["max"] <= result["wall_ns"]
    assert result["cpu_ns"] > 0


def test_flags_go_to_google_benchmark(program):
    done = call(program, "job", "--workload", "hash", "--min-time", "0.01", "--set", "blocks=2",
                "--", "--benchmark_format=json")
    assert done.returncode == 0
    (benchmark,) = json.loads(done.stdout)["benchmarks"]
    assert benchmark["name"].startswith(f"hash/{program.name}")
    refused = call(program, "job", "--workload", "hash", "--", "--benchmrk_format=json")
    assert refused.returncode == 2 and "--benchmrk_format" in json.loads(refused.stdout)["reason"]


def test_nothing_outlives_the_program_and_nothing_is_written(program, tmp_path):
    process = subprocess.Popen([program, "serve", "--workload", "echo"], cwd=tmp_path, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    json.loads(process.stdout.readline())
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    process.communicate(timeout=LONG_ENOUGH_S)
    assert children == "" and process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def connect_beyond_the_limit(program, limit, patience_s):
    """The done line of a server that got twice as many connections as it may have descriptors; None where it may have more."""
    server = Server(program, "echo", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    with contextlib.ExitStack() as end:
        end.callback(server.process.communicate)
        end.callback(server.process.kill)
        if resource.prlimit(server.ready["pid"], resource.RLIMIT_NOFILE)[0] != limit:
            return None
        peers = [end.enter_context(server.connect()) for _ in range(2 * limit)]
        peers[0].sendall(b"a")
        assert receive_exactly(peers[0], 1) == b"a"
        time.sleep(patience_s)
        (done,) = server.end("SIGTERM")
        return done


def test_limit_that_was_reached_is_named_in_the_done_line(program):
    limit = 64
    for patience_s in (0.05, 0.5, 5, 20):  # until the server has come to the first connection too many
        done = connect_beyond_the_limit(program, limit, patience_s)
        if done is None:
            pytest.skip("the program may raise the limit beyond what it was given")
        if done["notes"]:
            break
    (note,) = done["notes"]
    assert f"RLIMIT_NOFILE is {limit}" in note and "accept" in note
    assert 0 < done["counters"]["accepted"] < 2 * limit


@pytest.mark.parametrize("program", [path for path in PROGRAMS if path.name == "thread"], ids=lambda path: path.name)
def test_thread_limit_is_named_in_the_done_line(program):
    memory_bytes, stack_bytes = 1 << 30, 64 << 20
    server = Server(program, "echo", "--set", f"stack_bytes={stack_bytes}",
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes)))
    with contextlib.ExitStack() as end:
        end.callback(server.process.communicate)
        end.callback(server.process.kill)
        peers = [end.enter_context(server.connect()) for _ in range(memory_bytes // stack_bytes)]
        # Not all of them have room; which have it is the allocator's affair.
        closed, _, _ = select.select(peers, [], [], LONG_ENOUGH_S)
        assert closed and all(peer.recv(1) == b"" for peer in closed), "a connection for which there is no thread is closed"
        (done,) = server.end("SIGTERM")
        (note,) = done["notes"]
        assert "no thread" in note and f"ulimit -v {memory_bytes}" in note and "kernel.pid_max = " in note
