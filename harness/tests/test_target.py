"""`regatta run --target`: a server that runs already, of which nothing is known but its replies."""
import contextlib
import socket
import threading

import pytest
from harness_fixtures import one_line, read_records, regatta

SHORT = ["--rounds", "1", "--measure", "0.2", "--warmup", "0.02", "--connections", "4"]


@contextlib.contextmanager
def echo_server(change=lambda data: data):
    """A server that knows nothing of the contract."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve(peer):
        with peer, contextlib.suppress(OSError):
            while data := peer.recv(65536):
                peer.sendall(change(data))

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def run(tmp_path, port, *words):
    out = tmp_path / "out.jsonl"
    done = regatta("run", "--target", f"127.0.0.1:{port}", "--workload", "echo", "--out", out, *SHORT, *words)
    return done, [r for r in read_records(out) if r["record"] == "trial"] if out.exists() else []


def test_echo(tmp_path):
    with echo_server() as port:
        done, trials = run(tmp_path, port, "--set", "size=32,64")
    assert {t["benchmark"] for t in trials} == {f"echo/target/size:{n}/connections:4/workers:1" for n in (32, 64)}, done.stderr
    for trial in trials:
        assert trial["metrics"]["throughput_per_s"] > 0 and trial["latency"]["count"] > 0
        for name in ("server_cpu_ns_per_op", "rss_bytes_peak", "pss_bytes_peak", "context_switches_per_op"):
            assert trial["metrics"][name] is None
        assert trial["server"] is None and trial["effective"] is None and trial["memory_series"] is None
        (why,) = [w for w in trial["warnings"] if "was not started here" in w]
        assert f"127.0.0.1:{port}" in why and "memory" in why
    assert "n/a" in done.stdout and "was not started here" in done.stdout


def test_several_ranks(tmp_path):
    with echo_server() as port:
        done, trials = run(tmp_path, port, "--ranks", "3")
        refused, none = run(tmp_path / "refused", port, "--ranks", "3", "--server-address", "127.0.0.1")
    for trial in trials:
        ranks = trial["ranks"]
        assert (ranks["transport"], ranks["asked"], ranks["reported"]) == ("local", 3, 3), done.stderr
        assert [each["connections"] for each in ranks["each"]] == [2, 1, 1]
        assert trial["client"]["connections"] == 4 and trial["client"]["replies"] > 0
    assert refused.returncode == 2 and "--target runs already; leave one out" in one_line(refused.stderr) and not none


def test_open_loop_at_a_name(tmp_path):
    with echo_server() as port:
        out = tmp_path / "out.jsonl"
        done = regatta("run", "--target", f"localhost:{port}", "--workload", "echo", "--rate", "200", "--out", out, *SHORT)
        (trial, *_) = [r for r in read_records(out) if r["record"] == "trial"]
    assert trial["mode"] == "open" and trial["open_loop"]["arrivals"] > 0, done.stderr


def test_wrong_replies_are_refused(tmp_path):
    with echo_server(lambda data: bytes(255 - byte for byte in data)) as port:
        done, trials = run(tmp_path, port)
    assert done.returncode == 1 and trials[0]["status"] in ("failed", "invalid")
    assert "wrong_reply" in str(trials[0]["reasons"]) or "not one reply" in str(trials[0]["reasons"])


def test_nobody_there(tmp_path):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        done, trials = run(tmp_path, reserved.getsockname()[1])
    assert done.returncode == 1 and {t["status"] for t in trials} == {"failed"}
    assert "refused" in str(trials[0]["reasons"])


@pytest.mark.parametrize("words, complaint", [
    (["--target", "127.0.0.1:1"], "--target needs --workload"),
    (["--target", "127.0.0.1", "--workload", "echo"], "--target takes HOST:PORT"),
    (["--target", "127.0.0.1:http", "--workload", "echo"], "--target takes HOST:PORT"),
    (["--target", "127.0.0.1:70000", "--workload", "echo"], "--target takes HOST:PORT"),
    (["--target", "no such host:80", "--workload", "echo"], "is no IPv4 host"),
    (["--target", "203.0.113.1:80", "--workload", "echo"], "--remote"),
    (["--target", "127.0.0.1:1", "--workload", "ecko"], "no such server workload; there are: echo"),
    (["--target", "127.0.0.1:1", "--workload", "hash"], "no such server workload"),
    (["--target", "127.0.0.1:1", "--workload", "fan_out"], "asks a backend"),
    (["--target", "127.0.0.1:1", "--workload", "echo", "--set", "siz=1"], "echo has no parameter 'siz'"),
    (["--target", "127.0.0.1:1", "--workload", "echo", "smoke"], "leave one out"),
    (["--workload", "echo"], "go with --target"),
    ([], "needs SUITE|FILTER")], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_refusals(words, complaint):
    done = regatta("run", *words)
    assert done.returncode == 2 and complaint in one_line(done.stderr), done.stderr
