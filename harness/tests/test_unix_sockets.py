"""Echo over Unix sockets, on every runtime: the same answers, and a name that says so."""
import json
import os
import subprocess

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, RUNTIMES, read_records, regatta


def describe(runtime):
    done = subprocess.run([BUILD / "runtimes" / runtime / runtime, "describe"], capture_output=True, text=True,
                          timeout=LONG_ENOUGH_S)
    return json.loads(done.stdout)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("workers", [1, 2])
def test_echo_over_a_unix_socket(tmp_path, runtime, workers):
    described = describe(runtime)
    if not described["available"] or not described.get("unix_sockets"):
        pytest.skip("it cannot run here, or has no Unix sockets")
    out = tmp_path / "out.jsonl"
    name = f"echo/{runtime}/size:100/connections:20/transport:unix/workers:{workers}"
    done = regatta("run", name, "--rounds", 1, "--warmup", 0.05, "--measure", 0.2, "--out", out, "--quiet")
    assert out.exists(), done.stderr
    trial = next(r for r in read_records(out) if r["record"] == "trial")
    assert trial["benchmark"] == name
    assert trial["params"]["transport"] == "unix" and trial["effective"]["listen"].startswith("unix:@")
    assert trial["status"] != "failed", trial["reasons"]
    assert trial["client"]["replies"] > 0 and not any(trial["client"]["errors"].values())
    assert trial["server"]["counters"]["requests"] == trial["client"]["replies"]


def test_a_name_that_is_taken_is_refused():
    program = BUILD / "runtimes" / "epoll" / "epoll"
    words = [program, "serve", "--workload", "echo", "--listen", f"unix:@regatta-test-taken-{os.getpid()}"]
    first = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    try:
        assert json.loads(first.stdout.readline())["port"] == 0
        second = subprocess.run(words, capture_output=True, text=True, timeout=LONG_ENOUGH_S)
        assert second.returncode == 1 and "another program has this name" in second.stdout
    finally:
        first.stdin.close()
        first.wait(LONG_ENOUGH_S)


@pytest.mark.parametrize("value, complaint", [("unix:@", "needs a name"), ("unix:/tmp/x", "unix:@NAME"),
                                              ("unix:@" + "n" * 200, "too long")])
def test_bad_names(value, complaint):
    done = subprocess.run([BUILD / "runtimes" / "epoll" / "epoll", "serve", "--workload", "echo", "--listen", value],
                          capture_output=True, text=True, timeout=LONG_ENOUGH_S, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and complaint in done.stdout
