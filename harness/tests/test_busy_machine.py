"""Trials beside which other programs run: repeated, then invalid; with a warning where that is allowed."""
import os
import subprocess
import sys

import pytest
from harness_fixtures import RUNTIMES, add_runtime, read_records, regatta

STRICT = {name: value for name, value in os.environ.items() if name != "REGATTA_ALLOW_BUSY_MACHINE"}
SPIN = "import os, sys; os.sched_setaffinity(0, [int(sys.argv[1])]); print(flush=True)\nwhile True: pass"
SENTENCE = "other programs used"
# Longer than the 200 ms below which the share of others cannot be told.
SHORT = ["--measure", "0.4", "--warmup", "0.02", "--placement", "same-core"]


@pytest.fixture
def neighbour():
    """A program that takes what it can get of the CPU on which trials run."""
    cpu = min(os.sched_getaffinity(0))
    with subprocess.Popen([sys.executable, "-c", SPIN, str(cpu)], stdout=subprocess.PIPE) as spinning:
        assert spinning.stdout.readline() == b"\n"
        yield
        spinning.kill()


def records_of(folder, rounds, *words, env):
    add_runtime(folder, "boat", "good")
    out = folder / "out.jsonl"
    done = regatta("run", "echo/boat/size:77", "--runtimes", folder, "--out", out, "--rounds", rounds,
                   "--connections", 4, *SHORT, *words, env=env)
    head, *trials, _end = read_records(out)
    return done, head, trials


def is_disturbed(sentences):
    return any(SENTENCE in each for each in sentences)


def test_a_busy_machine_is_not_measured_and_not_waited_for(tmp_path, neighbour):
    done, head, trials = records_of(tmp_path, 5, env=STRICT)
    assert done.returncode == 1 and not head["allows_busy_machine"]
    assert all(trial["status"] == "invalid" and is_disturbed(trial["reasons"]) for trial in trials)
    # Two repetitions, until it was busy three times on end.
    assert [sum(trial["round"] == each for trial in trials) for each in range(5)] == [3, 3, 3, 1, 1]
    assert "--allow-busy-machine" in done.stdout + done.stderr


@pytest.mark.parametrize("words, env", [
    (["--allow-busy-machine"], STRICT), ([], STRICT | {"REGATTA_ALLOW_BUSY_MACHINE": "1"})])
def test_where_it_is_allowed_it_is_a_warning(tmp_path, neighbour, words, env):
    _done, head, trials = records_of(tmp_path, 1, *words, env=env)
    assert head["allows_busy_machine"]
    assert all(is_disturbed(trial["warnings"]) and not is_disturbed(trial["reasons"]) for trial in trials)


@pytest.mark.skipif("thread" not in RUNTIMES, reason="thread is not built")
def test_a_job_is_judged_alike(tmp_path, neighbour):
    out = tmp_path / "out.jsonl"
    done = regatta("run", "^hash/thread/", "--out", out, "--rounds", 1, *SHORT, "--set", "blocks=8", env=STRICT)
    assert done.returncode == 1, done.stderr
    trials = [record for record in read_records(out) if record["record"] == "trial"]
    assert trials and all(is_disturbed(trial["reasons"]) for trial in trials)
    assert [trial["attempt"] for trial in trials] == [0, 1, 2]
