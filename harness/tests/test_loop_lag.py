"""How late the loops are: of every program by the contract, and in a run's record."""
import json
import time

import pytest
from harness_fixtures import add_runtime, regatta, trials_of
from test_runtime_contract import PROGRAMS, Server, call, describe

KEYS = {"lag_ns_p50", "lag_ns_p99", "lag_ns_max", "count", "reason"}


@pytest.fixture(params=PROGRAMS, ids=lambda path: path.name)
def program(request):
    return request.param


def serve_once(program, *words):
    """One request to the program's server; gives its done line."""
    server = Server(program, "echo", *words)
    try:
        with server.connect() as peer:
            peer.sendall(b"x" * 64)
            assert peer.recv(64, 0x100) == b"x" * 64  # MSG_WAITALL
            time.sleep(0.1)
        [done] = server.end("SIGTERM")
        return done
    finally:
        server.process.kill()
        server.process.communicate()


def test_lag_is_told_or_the_reason_why_not(program):
    offer = describe(program)["loop_lag"]
    done = serve_once(program, "--loop-lag-ms", 1, "--workers", 2)
    lag = done["loop_lag"]
    assert set(lag) == KEYS
    assert done["counters"]["accepted"] == done["counters"]["requests"] == 1
    assert offer["supported"] == (offer["reason"] is None)
    assert lag["reason"] == offer["reason"]
    assert (lag["lag_ns_max"] is not None) == (lag["count"] > 0)
    if not offer["supported"]:
        assert lag["count"] == 0


def test_lag_is_off_unless_asked_for_and_on_a_port_of_ones_own(program):
    if not describe(program)["loop_lag"]["supported"]:
        pytest.skip("no loop")
    assert "not asked for" in serve_once(program)["loop_lag"]["reason"]
    refused = call(program, "serve", "--workload", "echo", "--loop-lag-ms", "often")
    assert refused.returncode == 2 and "--loop-lag-ms" in json.loads(refused.stdout)["reason"]


def run(folder, what, *words):
    out = folder / "out.jsonl"
    more = ("--runtimes", folder) if any(folder.iterdir()) else ()
    done = regatta("run", what, *more, "--out", out, "--rounds", 1, "--measure", 0.3, "--warmup", 0.05,
                   "--connections", 4, "--force", *words)
    trials = trials_of(out)
    assert trials, done.stderr
    return trials[-1]


def test_a_trial_tells_cpus_threads_counters_and_lag(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    trial = run(tmp_path, "echo/boat/size:77")
    threads = trial["server"]["threads"]
    assert threads["count"] == threads["looked_at"] == len(threads["each"]) == 1
    assert 0 < threads["running_mean"] == trial["metrics"]["server_threads_running"]
    assert trial["cpu_set"] is None or 0 < trial["cpu_set"]["busy_share"] <= 1
    assert (trial["cpu_set"] is None) == (trial["metrics"]["cpu_set_ns_per_op"] is None)
    perf = trial["server"]["perf"]
    assert (perf["instructions"] is None) <= (perf["reason"] is not None)
    assert trial["server"]["loop_lag"]["reason"] == "its program does not offer it"
    assert trial["server"]["loop_lag"]["count"] is None


@pytest.mark.skipif("epoll" not in {p.name for p in PROGRAMS}, reason="epoll is not built")
def test_the_probe_is_on_and_can_be_turned_off(tmp_path):
    trial = run(tmp_path, "echo/epoll/size:77")
    assert trial["server"]["loop_lag"]["reason"] is None
    assert trial["metrics"]["loop_lag_ns_max"] == trial["server"]["loop_lag"]["lag_ns_max"]
    # The probe is in no count: else the gate that compares client and server would refuse.
    assert trial["server"]["counters"]["accepted"] == trial["client"]["connections"] == 4
    (tmp_path / "out.jsonl").unlink()
    off = run(tmp_path, "echo/epoll/size:77", "--no-loop-lag")
    assert off["server"]["loop_lag"]["reason"] == "switched off"
    assert off["metrics"]["loop_lag_ns_max"] is None
