"""`regatta run --resume FILE`: an interrupted run goes on in its file, and only as the same run."""
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest
from harness_fixtures import (FAKE, LONG_ENOUGH_S, PROGRAM, add_runtime, one_line, read_records, read_terminal,
                              regatta, trials_of, wait_until)

WHAT = "hash/[ab]/blocks:1"
ROUNDS = 3
TRIALS = 2 * ROUNDS
BEFORE = 2  # trials that end before the interruption

# A good runtime whose jobs wait, from the third of all on, as long as a file called `hold` is there.
HOLDING = f"""
import os, runpy, sys, time
fleet = os.path.dirname(sys.argv[3])
if sys.argv[4] == "job":
    with open(fleet + "/begun", "a+") as begun:
        begun.write(".")
        begun.flush()
        begun.seek(0)
        number = len(begun.read())
    while number > {BEFORE} and os.path.exists(fleet + "/hold"):
        time.sleep(0.01)
runpy.run_path("{FAKE}", run_name="__main__")
"""


def add_holding(fleet, name):
    home = fleet / name
    add_runtime(fleet, name, "good", f'name = "{name}"\n'
                f'command = ["/usr/bin/python3", "program.py", "{name}", "good", "{home}"]\n')
    home.joinpath("program.py").write_text(HOLDING)


def size_of(file):
    return file.stat().st_size if file.exists() else 0


@pytest.fixture(name="fleet")
def fleet_of_two(tmp_path):
    for name in "ab":
        add_holding(tmp_path / "fleet", name)
    return tmp_path / "fleet"


def interrupt(fleet, number):
    """A run of `fleet` that ends by signal `number` within its third trial; gives its file."""
    out = fleet / "out.jsonl"
    (fleet / "hold").touch()
    run = subprocess.Popen([PROGRAM, "run", WHAT, "--runtimes", "fleet", "--out", "fleet/out.jsonl", "--rounds",
                            str(ROUNDS)], cwd=fleet.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: size_of(fleet / "begun") > BEFORE)
    run.send_signal(number)
    run.communicate(timeout=LONG_ENOUGH_S)
    assert len(trials_of(out)) == BEFORE
    (fleet / "hold").unlink()
    return out


def resume(out, *words, **options):
    return regatta("run", "--resume", out, *words, **options)


def refusal(out, *words, status=1, **options):
    """The one line with which resuming `out` is refused, which leaves the file as it was."""
    before = out.read_bytes()
    done = resume(out, *words, "--quiet", **options)
    assert done.returncode == status and out.read_bytes() == before
    return one_line(done.stderr)


def assert_whole(out):
    """`out` has every trial of the plan once, and reads as any other file."""
    records = read_records(out)
    head, end = records[0], records[-1]
    assert [r["record"] for r in records].count("run") == 1 and [r["record"] for r in records].count("end") == 1
    trials = trials_of(out)
    assert [t["trial"] for t in trials] == list(range(TRIALS))
    assert sorted((t["benchmark"], t["round"]) for t in trials) == [
        (name, r) for name in sorted(head["benchmarks"]) for r in range(ROUNDS)]
    assert end["record"] == "end" and end["trials"] == end["ok"] == TRIALS and not end["interrupted"]
    for verb in (["compare"], ["diff", out], ["export", "--format", "csv"]):
        done = regatta(*verb, out)
        assert done.returncode == 0 and done.stderr == "", (verb, done.stderr)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_is_done_is_not_done_again(fleet, number):
    out = interrupt(fleet, number)
    kept = out.read_bytes().splitlines()[:1 + BEFORE]
    done = resume(out, cwd=pathlib.Path("/"))
    assert done.returncode == 0, done.stderr
    assert f"{TRIALS} trials: {TRIALS} ok" in done.stdout
    assert out.read_bytes().splitlines()[:1 + BEFORE] == kept
    assert size_of(fleet / "begun") == TRIALS + 1  # the one that was cut ran twice
    assert_whole(out)
    [again] = [r for r in read_records(out) if r["record"] == "resume"]
    assert again["trials"] == BEFORE and again["argv"][2] == "--resume"
    assert (again["interrupted_at"] is None) == (number == signal.SIGKILL)
    assert read_records(out).index(again) == 1 + BEFORE


def test_the_order_is_that_of_the_first_start(fleet):
    out = interrupt(fleet, signal.SIGINT)
    resume(out)
    whole = fleet / "whole.jsonl"
    regatta("run", WHAT, "--runtimes", fleet, "--out", whole, "--rounds", ROUNDS, "--seed", read_records(out)[0]["seed"])
    assert [(t["round"], t["runtime"]) for t in trials_of(out)] == [(t["round"], t["runtime"]) for t in trials_of(whole)]


@pytest.mark.parametrize("left", [1, 300, -1])
def test_a_line_that_was_cut_is_run_again(fleet, left):
    out = interrupt(fleet, signal.SIGKILL)
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:-1]) + lines[-1][:left])  # -1: whole but for its newline
    assert resume(out).returncode == 0
    assert_whole(out)
    assert next(r for r in read_records(out) if r["record"] == "resume")["trials"] == BEFORE - 1


def test_only_the_end_is_missing(fleet):
    out = interrupt(fleet, signal.SIGINT)
    resume(out)
    out.write_bytes(b"".join(out.read_bytes().splitlines(keepends=True)[:-1]))
    begun = size_of(fleet / "begun")
    assert resume(out).returncode == 0 and size_of(fleet / "begun") == begun
    assert [r["record"] for r in read_records(out)].count("resume") == 2
    assert_whole(out)


def test_an_unsteady_trial_is_repeated_as_was_due(fleet):
    out = interrupt(fleet, signal.SIGKILL)
    lines = out.read_text().splitlines(keepends=True)
    last = json.loads(lines[-1])
    last.update(status="invalid", reasons=["the machine was unsteady"], is_repeated=True)
    out.write_text("".join(lines[:-1]) + json.dumps(last) + "\n")
    assert resume(out).returncode == 0
    trials = trials_of(out)
    assert [t["attempt"] for t in trials] == [0, 0, 1, 0, 0, 0, 0]
    assert trials[1]["benchmark"] == trials[2]["benchmark"] and trials[1]["round"] == trials[2]["round"]


def test_a_complete_run_has_nothing_to_resume(fleet):
    out = interrupt(fleet, signal.SIGINT)
    resume(out)
    before = out.read_bytes()
    done = resume(out)
    assert done.returncode == 0 and out.read_bytes() == before
    assert one_line(done.stdout) == f"{out} is complete: {TRIALS} trials, nothing left to run"


def test_other_options_are_refused(fleet):
    out = interrupt(fleet, signal.SIGINT)
    assert "--rounds 7: the run began with 3" in refusal(out, "--rounds", 7, status=2)
    assert "--seed 1: the run began without it" in refusal(out, "--seed", 1, status=2)
    assert "--force true: the run began without it" in refusal(out, "--force", status=2)
    done = regatta("run", "smoke", "--resume", out, "--quiet")
    assert done.returncode == 2 and f"smoke: the run began with {WHAT}" in one_line(done.stderr)
    shown = regatta("run", WHAT, "--resume", out, "--rounds", ROUNDS, "--dry-run", "--quiet")
    assert shown.returncode == 0 and len(shown.stdout.splitlines()) == 2
    assert regatta("run", WHAT, "--resume", out, "--rounds", ROUNDS).returncode == 0
    assert_whole(out)


def test_a_changed_program_is_refused(fleet):
    out = interrupt(fleet, signal.SIGINT)
    program = fleet / "b" / "program.py"
    program.write_text(HOLDING + "# another build\n")
    assert re.fullmatch(f"regatta: {out} cannot be resumed: the program of b has changed since the run began; "
                        "run it anew, into another file", refusal(out))
    program.write_text(HOLDING)
    assert resume(out).returncode == 0
    assert_whole(out)


@pytest.mark.parametrize("pointer, value, words", [
    (("machine", "fingerprint"), "0123456789abcdef", "the machine, or its kernel, has changed"),
    (("regatta", "sha256"), "0" * 64, "regatta itself has changed"),
    (("regatta", "generator_sha256"), "0" * 64, "the load generator has changed"),
    (("placement", "mode"), "free", "what CPUs it may use has changed"),
    (("benchmarks", 0), "hash/c/blocks:1", r"the choice of benchmarks (now without hash/c/blocks:1) has changed"),
    (("measure_ns", 1), 5, "the suite's time to measure has changed"),
])
def test_another_machine_build_or_plan_is_refused(fleet, pointer, value, words):
    out = interrupt(fleet, signal.SIGINT)
    lines = out.read_text().splitlines(keepends=True)
    head = json.loads(lines[0])
    head[pointer[0]][pointer[1]] = value
    out.write_text(json.dumps(head) + "\n" + "".join(lines[1:]))
    assert words in refusal(out)


def test_a_file_that_a_run_still_writes_is_refused(fleet):
    out = fleet / "out.jsonl"
    (fleet / "hold").touch()
    run = subprocess.Popen([PROGRAM, "run", WHAT, "--runtimes", fleet, "--out", out, "--rounds", str(ROUNDS)],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: size_of(fleet / "begun") > BEFORE)
    assert "is being written by a run that has not ended" in refusal(out)
    done = regatta("run", WHAT, "--runtimes", fleet, "--out", out, "--force", "--quiet")
    assert done.returncode == 1 and "is being written" in one_line(done.stderr)
    (fleet / "hold").unlink()
    run.communicate(timeout=LONG_ENOUGH_S)
    assert run.returncode == 0 and len(trials_of(out)) == TRIALS


def test_what_is_no_interrupted_run(tmp_path, fleet):
    done = resume(tmp_path / "nowhere.jsonl")
    assert done.returncode == 1
    assert one_line(done.stderr) == f"regatta: cannot go on with {tmp_path}/nowhere.jsonl: No such file or directory"
    other = tmp_path / "other.jsonl"
    for text, words in [("", "is empty: not a results file"), ("boats\n", "is not a record of a results file"),
                        ('{"record":"trial","schema":1}\n', "it has a trial where none belongs"),
                        ('{"record":"run","schema":1,"verb":"search"}\n', "this file is of `regatta search`"),
                        ('{"record":"run","schema":1,"verb":"run"}\n', "a record lacks what resuming needs")]:
        other.write_text(text)
        assert words in refusal(other)
    out = interrupt(fleet, signal.SIGINT)
    other.write_bytes(out.read_bytes() * 2)
    assert "is not the file of one run: it has a run after its end" in refusal(other)


def test_progress_counts_all_and_judges_by_what_ran_now(fleet):
    out = interrupt(fleet, signal.SIGKILL)
    ours, theirs = os.openpty()
    subprocess.run([PROGRAM, "run", "--resume", out], stdout=subprocess.PIPE, stderr=theirs,
                   timeout=LONG_ENOUGH_S, env={**os.environ, "TERM": "xterm"}, check=True)
    os.close(theirs)
    text = read_terminal(ours)
    assert f"[{BEFORE + 1}/{TRIALS}] hash/" in text  # nothing ran yet: nothing is known of the rest
    assert re.search(rf"\[{BEFORE + 2}/{TRIALS}\] \d+:\d\d left  hash/", text)
    assert f"[{BEFORE}/" not in text
