"""`regatta run` and `verify` with programs that keep the contract or break it, and what is left."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest
from harness_fixtures import (LONG_ENOUGH_S, PROGRAM, SHORT, add_runtime, one_line, processes_with,
                              read_records, read_terminal, regatta, trials_of, wait_until)


def run(folder, what, *words, program=PROGRAM):
    """Runs `what` on the fake runtimes in `folder`; gives the finished process and the record."""
    out = folder / "out.jsonl"
    done = regatta("run", what, "--runtimes", folder, "--out", out, *SHORT, *words, program=program)
    return done, out


def read_bytes(file):
    try:
        return file.read_bytes()
    except OSError:
        return b""


def started(folder, what, *words):
    """A run in the background that has begun its first trial."""
    out = folder / "out.jsonl"
    process = subprocess.Popen(
        [PROGRAM, "run", what, "--runtimes", folder, "--out", out, "--rounds", "50", "--measure",
         "3", "--connections", "4", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: any("regatta-load" in c for c in processes_with(str(PROGRAM.parent))) and
               processes_with(f" {folder}/"))
    return process, out


def test_a_good_run(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    done, out = run(tmp_path, "smoke", "^(echo|hash)/boat/", "--set", "size=128", "--set",
                    "block_bytes=100", "--seed", "5")
    records = read_records(out)
    assert [r["record"] for r in records][0] == "run" and records[-1]["record"] == "end"
    head, end = records[0], records[-1]
    assert head["seed"] == 5 and head["rounds"] == 1
    assert head["suite"] == "smoke" and head["filter"] == "^(echo|hash)/boat/"
    assert head["argv"][1] == "run"
    assert len(head["runtimes"][0]["sha256"]) == 64
    trials = trials_of(out)
    assert {t["benchmark"] for t in trials} == set(head["benchmarks"])
    assert end["trials"] == len(trials) and not end["interrupted"]
    for trial in trials:
        assert trial["metrics"] is not None, trial["reasons"]
    echo = next(t for t in trials if t["workload"] == "echo" and t["status"] == "ok")
    assert echo["client"]["replies"] == echo["server"]["counters"]["requests"] > 0
    assert echo["server"]["exit_status"] == 0
    assert echo["effective"]["set"]["size"] == 128
    assert echo["metrics"]["pss_bytes_connected"] > 0
    # Figures of a busy test machine may be refused; nothing else may.
    assert all("Little's law" in reason for t in trials for reason in t["reasons"])
    last = {t["benchmark"]: t["status"] for t in trials}  # what was invalid may have been repeated
    assert done.returncode == (0 if set(last.values()) == {"ok"} else 1)
    assert "### echo/size:128" in done.stdout and str(out) in done.stdout


def test_rounds_are_in_random_order_from_the_seed(tmp_path):
    for name in ["a", "b", "c", "d"]:
        add_runtime(tmp_path, name, "crash")
    orders = []
    for out, seed in [("1", 7), ("2", 7), ("3", 8)]:
        regatta("run", "smoke", "hash/[a-d]/", "--runtimes", tmp_path, "--out", tmp_path / out,
                "--rounds", 5, "--seed", seed)
        trials = trials_of(tmp_path / out)
        assert [t["round"] for t in trials] == sorted(t["round"] for t in trials)
        for r in range(5):
            assert {t["runtime"] for t in trials if t["round"] == r} == set("abcd")
        orders.append([t["runtime"] for t in trials])
    assert orders[0] == orders[1] != orders[2]


SERVE_FAILURES = {
    "crash": "signal 11 (Segmentation fault) ('this is where it hurts')",
    "hang": "printed no ready line within",
    "rubbish": "no JSON object where the ready line was due: listening on a port near you",
    "port-in-use": "cannot listen on 127.0.0.1:80: Address already in use (choose another port)",
    "bad-ready": "the server's ready line is wrong",
    "other-size": "asked for size = 64, and it runs with 65",
    "other-workers": "asked for workers = 1, and it runs with 2",
    "die-connected": "the server ended with signal 11",
    "die-loaded": "the server ended with signal 9 (Killed)",
    "describe-crash": "describe: its program ended with signal 11",
    "describe-rubbish": "Hello, I am a runtime!",
}


def test_value_that_the_machine_cannot_do_is_refused_with_the_reason(tmp_path):
    out = tmp_path / "out.jsonl"
    add_runtime(tmp_path / "runtimes", "poor", "fallback")
    regatta("run", "echo/poor/size:64/connections:4/sails:5", "--rounds", 1, "--measure", 0.1, "--warmup", 0.02,
            "--runtimes", tmp_path / "runtimes", "--out", out)
    (trial,) = trials_of(out, "poor")
    assert trial["status"] == "failed"
    assert any("asked for sails = 5, and it runs with 2; it says: a note" in reason for reason in trial["reasons"])


def test_limit_that_a_server_reached_stands_in_its_trial(tmp_path):
    out = tmp_path / "out.jsonl"
    add_runtime(tmp_path / "runtimes", "small", "limit")
    regatta("run", "echo/small/size:64/connections:4", "--rounds", 1, "--measure", 0.1, "--warmup", 0.02,
            "--runtimes", tmp_path / "runtimes", "--out", out)
    trials = trials_of(out, "small")
    assert trials and all("a limit of 7 was reached" in trial["warnings"] for trial in trials)


def test_failed_trials_stand_in_the_record_and_others_go_on(tmp_path):
    for behaviour in SERVE_FAILURES:
        add_runtime(tmp_path, behaviour, behaviour)
    add_runtime(tmp_path, "zz-good", "good")
    done, out = run(tmp_path, "smoke", f"echo/({'|'.join(SERVE_FAILURES)}|zz-good)/")
    assert done.returncode == 1
    for behaviour, reason in SERVE_FAILURES.items():
        trials = trials_of(out, behaviour)
        assert trials, behaviour
        for trial in trials:
            assert trial["status"] == "failed", behaviour
            assert any(reason in r for r in trial["reasons"]), (behaviour, trial["reasons"])
            assert trial["metrics"] is None
    assert trials_of(out, "zz-good")[0]["metrics"]["throughput_per_s"] > 0
    assert read_records(out)[-1]["failed"] == len(SERVE_FAILURES)
    assert "crash/size:64/connections:4/workers:1: failed: the server ended with" in done.stderr
    assert not processes_with(f" {tmp_path}/")
    [died] = trials_of(out, "die-loaded")
    assert died["server"]["signal"] == signal.SIGKILL


STOP_FAILURES = {
    "never-stop": "did not stop within 3 s and was killed",
    "silent-end": "the server ended with exit status 0 before the done line",
    "bad-exit": "the server ended with exit status 5 after its done line",
    "miscount": "the generator counted",
    "wrong-bytes": "wrong_reply",
}


def test_what_a_gate_refuses_is_invalid(tmp_path):
    for behaviour in [*STOP_FAILURES, "open-output", "note"]:
        add_runtime(tmp_path, behaviour, behaviour)
    done, out = run(tmp_path, "smoke", f"echo/({'|'.join(STOP_FAILURES)}|open-output|note)/")
    assert done.returncode == 1
    for behaviour, reason in STOP_FAILURES.items():
        [trial] = trials_of(out, behaviour)
        assert trial["status"] == "invalid", (behaviour, trial["reasons"])
        assert any(reason in r for r in trial["reasons"]), (behaviour, trial["reasons"])
    [killed] = trials_of(out, "never-stop")
    assert killed["server"]["signal"] == signal.SIGKILL
    [miscounted] = trials_of(out, "miscount")
    assert (miscounted["server"]["counters"]["requests"]
            == miscounted["client"]["replies"] + 1)
    # On a machine that is not steady these two may be repeated.
    for noted in trials_of(out, "note"):
        assert "a note" in noted["warnings"] and noted["server"]["notes"] == ["a note"]
    for left in trials_of(out, "open-output"):
        assert all("Little's law" in r for r in left["reasons"])
    assert {"note", "open-output"} <= {t["runtime"] for t in read_records(out) if t["record"] == "trial"}
    assert not processes_with(f" {tmp_path}/")


def test_a_server_that_hangs_under_load_ends_with_its_trial(tmp_path):
    """It answers no more and heeds no signal: each connection's last request is a timeout, and the server is killed."""
    add_runtime(tmp_path, "boat", "hang-loaded")
    done, out = run(tmp_path, "echo/boat/size:64/connections:4/workers:1")
    assert done.returncode == 1
    trials = trials_of(out)
    assert trials
    for trial in trials:
        # Failed where it hung so early that no reply came in the window.
        assert trial["status"] in ("failed", "invalid")
        assert any("did not stop within 3 s and was killed" in reason for reason in trial["reasons"])
        assert trial["server"]["signal"] == signal.SIGKILL
        assert trial["client"]["errors"]["timeout"] == 4
    assert not processes_with(f" {tmp_path}/")


def test_jobs_answers_are_checked(tmp_path):
    for behaviour in ["good", "wrong-answer", "crash"]:
        add_runtime(tmp_path, behaviour, behaviour)
    out = tmp_path / "out.jsonl"
    done = regatta("run", "hash/(good|wrong-answer|crash)/block_bytes:100/blocks:3", "--runtimes",
                   tmp_path, "--out", out, "--rounds", 1)
    assert done.returncode == 1
    [good], [wrong], [crash] = (trials_of(out, n) for n in ["good", "wrong-answer", "crash"])
    assert good["status"] == "ok" and good["kind"] == "job" and good["client"] is None
    assert good["metrics"]["throughput_per_s"] == pytest.approx(6 / 200e-9)
    assert wrong["status"] == "invalid"
    assert wrong["reasons"] == [
        f'the answer is wrong: "{"0" * 64}", and {good["answer"]} is right']
    assert crash["status"] == "failed" and "signal 11" in crash["reasons"][0]


def fake_generator(folder, script):
    """A copy of `regatta` beside a generator of our own."""
    folder.mkdir()
    program = shutil.copy(PROGRAM, folder / "regatta")
    load = folder / "regatta-load"
    load.write_text("#!/bin/sh\nread plan\n" + script)
    load.chmod(0o755)
    return program


@pytest.mark.parametrize("script, reason", [
    ("echo oh no >&2; exit 4", "the generator ended with exit status 4 ('oh no')"),
    ("echo nonsense", "the generator printed no JSON object where the connected line was due"),
    ("""echo '{"event":"error","reason":"no descriptors left","hint":"ulimit -n 20000"}'; exit 3""",
     "the generator: no descriptors left (ulimit -n 20000)"),
    ("""echo '{"event":"connected"}'; read go; echo '{"event":"measuring"}'
echo '{"event":"measured"}'; read finish; echo '{"event":"result"}'""", "a result line is wrong"),
])
def test_a_generator_that_fails(tmp_path, script, reason):
    program = fake_generator(tmp_path / "bin", script)
    add_runtime(tmp_path / "fleet", "boat", "good")
    done, out = run(tmp_path / "fleet", "echo/boat/size:9", program=program)
    assert done.returncode == 1
    [trial] = trials_of(out)
    assert trial["status"] == "failed" and reason in trial["reasons"][0]
    assert trial["server"]["exit_status"] == 0


def test_no_generator(tmp_path):
    (tmp_path / "bin").mkdir()
    program = shutil.copy(PROGRAM, tmp_path / "bin" / "regatta")
    add_runtime(tmp_path / "fleet", "boat", "good")
    done, out = run(tmp_path / "fleet", "echo/boat/size:9", program=program)
    assert done.returncode == 1 and "regatta-load is missing" in one_line(done.stderr)
    assert not out.exists()


def test_results_file_troubles(tmp_path):
    add_runtime(tmp_path, "boat", "crash")
    words = ["run", "hash/boat/blocks:1", "--runtimes", tmp_path, "--rounds", 1, "--quiet", "--out"]
    exists = tmp_path / "exists.jsonl"
    exists.write_text("precious")
    done = regatta(*words, exists)
    assert done.returncode == 1 and "--force" in one_line(done.stderr)
    assert exists.read_text() == "precious"
    assert regatta(*words, exists, "--force").returncode == 1  # the trial fails, the file is made
    assert len(read_records(exists)) == 3
    for place in ["/proc/x.jsonl", exists / "below.jsonl", tmp_path]:
        done = regatta(*words, place)
        assert done.returncode == 1
        assert one_line(done.stderr).startswith(f"regatta: {place} exists" if place == tmp_path
                                                else f"regatta: cannot write {place}: ")
    done = regatta(*words, "/dev/full", "--force")
    assert done.returncode == 1 and "No space left on device" in one_line(done.stderr)


def test_without_out_the_record_goes_where_it_can_be_written(tmp_path):
    add_runtime(tmp_path, "boat", "crash")
    done = regatta("run", "hash/boat/blocks:1", "--runtimes", tmp_path, "--rounds", 1, cwd=tmp_path)
    place = done.stdout.splitlines()[-1].removeprefix("Results: ")
    records = read_records(pathlib.Path(place))
    assert pathlib.Path(place).stem == records[0]["run_id"]
    os.unlink(place)


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_request_to_stop_ends_the_run_tidily(tmp_path, number, status):
    add_runtime(tmp_path, "boat", "good")
    process, out = started(tmp_path, "echo/boat/size:9")
    process.send_signal(number)
    stdout, _ = process.communicate(timeout=LONG_ENOUGH_S)
    assert process.returncode == status
    assert read_records(out)[-1]["interrupted"] is True
    assert "interrupted" in stdout
    assert not processes_with(f" {tmp_path}/boat")


def test_a_second_request_to_stop_ends_it_at_once(tmp_path):
    add_runtime(tmp_path, "boat", "never-stop")
    process, out = started(tmp_path, "echo/boat/size:9")
    process.send_signal(signal.SIGINT)
    # The generator is gone: the harness now waits for a server that will not stop.
    wait_until(lambda: not processes_with(str(PROGRAM.parent / "regatta-load")))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LONG_ENOUGH_S)
    assert process.returncode == 130
    wait_until(lambda: not processes_with(f" {tmp_path}/boat"))
    assert read_records(out)[0]["record"] == "run"


def test_ctrl_c_reaches_the_harness_and_not_its_children(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    process, out = started(tmp_path, "echo/boat/size:9")
    [child] = [pid for pid in pathlib.Path("/proc").iterdir() if pid.name.isdigit()
               and f"{tmp_path}/boat\0".encode() in read_bytes(pid / "cmdline")]
    assert os.getpgid(int(child.name)) == int(child.name) != os.getpgid(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LONG_ENOUGH_S)


def test_progress_only_on_a_terminal(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    words = [PROGRAM, "run", "hash/boat/blocks:1", "--runtimes", tmp_path, "--rounds", "2", "--force",
             "--out", tmp_path / "out.jsonl"]
    ours, theirs = os.openpty()
    shown = subprocess.run(words, stdout=subprocess.PIPE, stderr=theirs, timeout=LONG_ENOUGH_S,
                           env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    text = read_terminal(ours)
    assert shown.returncode == 0
    assert "[1/2] hash/boat/" in text and "[2/2] 0:0" in text and text.endswith("\r\x1b[K")
    assert subprocess.run(words, capture_output=True, timeout=LONG_ENOUGH_S).stderr == b""


def test_verify(tmp_path):
    for behaviour in ["good", "wrong-bytes", "describe-crash", "unavailable"]:
        add_runtime(tmp_path, behaviour, behaviour)
    done = regatta("verify", "^(echo|delay)/(good|unavailable)/", "--runtimes", tmp_path)
    assert done.returncode == 0, done.stdout
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in done.stdout.splitlines()[:4]]
    assert rows[0] == ["workload", "good", "unavailable"]
    assert rows[2] == ["delay", "-", "-"] and rows[3] == ["echo", "OK", "-"]
    assert "- good, delay: cannot wait\n" in done.stdout and "- unavailable: no wind" in done.stdout
    done = regatta("verify", "^echo/(wrong-bytes|describe-crash)/", "--runtimes", tmp_path)
    assert done.returncode == 1
    assert "- FAIL echo/wrong-bytes/" in done.stdout and "wrong_reply" in done.stdout
    assert "- FAIL echo/describe-crash/" in done.stdout
    done = regatta("verify", "ecko", "--runtimes", tmp_path)
    assert done.returncode == 2 and "did you mean 'echo'?" in one_line(done.stderr)


def test_verify_every_runtime_of_the_build():
    listed = json.loads(regatta("list", "--json").stdout)["runtimes"]
    done = regatta("verify")
    assert done.returncode == 0, done.stdout
    for runtime in listed:
        assert runtime["reference_only"] or runtime["name"] in done.stdout
