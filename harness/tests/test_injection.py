"""Programs that are slowed on purpose: what is injected is done, counted and said."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest
from harness_fixtures import BUILD, FAKE, SHORT, add_runtime, one_line, regatta, trials_of
from test_runtime_contract import PROGRAMS, Server, call, describe, receive_exactly, serving

THREAD = BUILD / "runtimes" / "thread" / "thread"
NULL = BUILD / "runtimes" / "null" / "null"
REQUESTS = 1000


@pytest.fixture(params=PROGRAMS, ids=lambda path: path.name)
def program(request):
    if not describe(request.param)["available"]:
        pytest.skip("not available here")
    return request.param


def ask(server, count, size=64):
    """`count` requests on one connection, each after the reply to the one before it."""
    with server.connect() as peer:
        for _ in range(count):
            peer.sendall(b"x" * size)
            receive_exactly(peer, size)


def injected(program, spec, count=REQUESTS):
    """What the program says it did beside `count` requests."""
    with serving(program, "echo", "--inject", spec) as server:
        assert server.ready["effective"]["inject"] == spec
        assert any(spec in note for note in server.ready["notes"])
        ask(server, count)
        (done,) = server.end("SIGTERM")
    assert done["injected"]["requests"] == count
    assert done["counters"]["requests"] == count
    return done["injected"]


def test_each_program_injects_once_for_each_request(program):
    assert describe(program)["injects"] is True
    did = injected(program, "syscall:2,lock,alloc:3,tail:1%:10us")
    assert did == {"requests": REQUESTS, "cpu_ns": 0, "system_calls": 2 * REQUESTS, "locks": REQUESTS,
                   "allocations": 3 * REQUESTS, "waits": REQUESTS // 100}


def test_nothing_is_injected_unasked(program):
    with serving(program, "echo") as server:
        assert server.ready["effective"]["inject"] is None
        ask(server, 3)
        (done,) = server.end("SIGTERM")
    assert done["injected"] is None


def test_cpu_time_is_burnt():
    did = injected(NULL, "cpu:2us")
    # Rounds of work are whole, and there are hundreds of them.
    assert did["cpu_ns"] == pytest.approx(2000 * REQUESTS, rel=0.01)


def cpu_ns(pid):
    """What the threads of a process ran so far."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


def test_cpu_time_follows_what_a_request_costs():
    """Twice what a request costs, which the program measures: so two thirds of what it spends are injected."""
    shares = []
    for _ in range(3):  # what a request costs is known by the CPU's speed at the start, which may change
        with serving(NULL, "echo", "--inject", "cpu:200%") as server:
            before = cpu_ns(server.process.pid)
            ask(server, 5 * REQUESTS)
            spent = cpu_ns(server.process.pid) - before
            (done,) = server.end("SIGTERM")
        shares.append(done["injected"]["cpu_ns"] / spent)
        if 0.4 < shares[-1] < 0.9:
            break
    assert 0.4 < shares[-1] < 0.9, shares


def test_what_a_request_costs_is_known_after_a_few():
    assert injected(NULL, "cpu:100%", 10)["cpu_ns"] == 0  # too few requests to know what one costs
    assert injected(NULL, "cpu:100%", 40)["cpu_ns"] > 0


def under_tool(command, count, words):
    """`count` requests to an echo server that a tool watches, from its start to its end."""
    server = Server.__new__(Server)
    server.process = subprocess.Popen([*map(str, command), "serve", "--workload", "echo", *words],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        server.ready = json.loads(server.process.stdout.readline())
        ask(server, count)
        server.end("end of input")
    finally:
        server.process.kill()


def calls_of_getppid(tmp_path, *words):
    log = tmp_path / "trace"
    under_tool(["strace", "-f", "-qq", "-e", "trace=getppid", "-o", log, THREAD], 50, words)
    return len(re.findall(r"getppid\(", log.read_text()))


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_system_calls_are_really_made(tmp_path):
    assert calls_of_getppid(tmp_path, "--inject", "syscall:3") == 150
    assert calls_of_getppid(tmp_path) == 0


def heap_allocations(tmp_path, *words):
    log = tmp_path / "valgrind"
    under_tool(["valgrind", "--tool=memcheck", f"--log-file={log}", NULL], 100, words)
    return int(re.search(r"total heap usage: ([\d,]+) allocs", log.read_text())[1].replace(",", ""))


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
def test_allocations_are_really_made(tmp_path):
    few, many = (heap_allocations(tmp_path, "--inject", f"alloc:{count}") for count in (1, 21))
    # The program's own allocations are a few more or fewer each time, as its threads happen to meet.
    assert many - few == pytest.approx(2000, abs=50)


@pytest.mark.parametrize("spec", ["", "cpu", "cpu:5", "sleep:1ms", "syscall:0", "tail:1%", "lock,lock"])
def test_a_bad_specification_is_refused(spec):
    done = call(THREAD, "serve", "--workload", "echo", "--inject", spec)
    assert done.returncode == 2
    line = json.loads(one_line(done.stdout))
    assert line["event"] == "error" and "--inject" in line["reason"] and "write " in line["reason"]


def test_a_job_does_it_for_each_iteration():
    done = call(THREAD, "job", "--workload", "hash", "--min-time", "0.01", "--inject", "syscall:2", "--set", "blocks=1")
    result = json.loads(done.stdout)
    assert result["effective"]["inject"] == "syscall:2"
    assert any("syscall:2" in note for note in result["notes"])
    did = result["injected"]
    assert did["requests"] >= result["iterations"] and did["system_calls"] == 2 * did["requests"]


def test_a_run_says_what_it_injected(tmp_path):
    out = tmp_path / "out.jsonl"
    done = regatta("run", "^echo/(thread|null)/size:64", "--inject", "tail:2%:20us,syscall:1", *SHORT, "--out", out)
    assert "inject:syscall:1,tail:2%:20us" in done.stdout
    trials = trials_of(out)
    assert {trial["runtime"] for trial in trials} >= {"thread"}
    for trial in trials:
        assert trial["params"]["inject"] == "syscall:1,tail:2%:20us"
        assert trial["benchmark"].endswith("/inject:syscall:1,tail:2%:20us")
        assert trial["server"]["injected"]["system_calls"] == trial["server"]["injected"]["requests"] > 0
        assert any("slowed on purpose" in warning for warning in trial["warnings"])
    plain = tmp_path / "plain.jsonl"
    regatta("run", "echo/thread/size:64", *SHORT, "--out", plain)
    for trial in trials_of(plain):
        assert "inject" not in trial["params"] and trial["server"]["injected"] is None


def test_a_run_refuses_a_bad_specification():
    done = regatta("run", "echo/thread/size:64", "--inject", "cpu:5")
    assert done.returncode == 2
    assert "cpu:5%" in one_line(done.stderr)


def test_a_runtime_that_cannot_is_named(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    done = regatta("run", "echo/boat/size:64", "--inject", "lock", "--runtimes", tmp_path)
    assert FAKE.exists() and done.returncode == 2
    assert "boat" in one_line(done.stderr) and "--inject" in done.stderr
