"""`regatta search` on a server whose capacity is known, because a generator says so that loads nothing."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest
from harness_fixtures import LONG_ENOUGH_S, PROGRAM, add_runtime, one_line, read_records, trials_of

WORDS = ["--measure", "0.05", "--warmup", "0", "--longest", "0.5", "--seed", "1", "--connections", "8"]


@pytest.fixture
def search(tmp_path):
    """Begins a search of the fake runtimes `names`; gives the process, its results file and the generator's calls."""
    def start(*words, names=("boat",), stderr=subprocess.PIPE, **settings):
        tools = tmp_path / "bin"
        tools.mkdir()
        program = shutil.copy(PROGRAM, tools / "regatta")
        shutil.copy(pathlib.Path(__file__).with_name("fake_generator.py"), tools / "regatta-load")
        (tools / "regatta-load").chmod(0o755)
        calls = tmp_path / "calls"
        (tools / "fake_generator.json").write_text(json.dumps({"calls": str(calls), **settings}))
        for name in names:
            add_runtime(tmp_path / "fleet", name, "good")
        out = tmp_path / "out.jsonl"
        process = subprocess.Popen(
            [program, "search", f"echo/({'|'.join(names)})/size:77", "--runtimes", tmp_path / "fleet", "--out", out,
             *WORDS, *map(str, words)], stdout=subprocess.PIPE, stderr=stderr, text=True,
            env=os.environ | {"TERM": "xterm"})
        return process, out, calls
    return start


def ended(process, out):
    """What it printed, and its verdicts; its record is whole."""
    stdout, stderr = process.communicate(timeout=LONG_ENOUGH_S)
    records = read_records(out)
    assert [records[0]["record"], records[-1]["record"]] == ["run", "end"], stderr
    verdicts = [r for r in records if r["record"] == "verdict"]
    for verdict in verdicts:
        assert verdict["sentence"] in stdout
    assert records[-1]["trials"] == len(trials_of(out))
    return stdout, stderr, verdicts


def test_the_answer_is_the_capacity(search):
    process, out, _ = search("--slo", "p50=20ms", capacity_per_s=5394)
    stdout, stderr, [verdict] = ended(process, out)
    assert process.returncode == 0, stdout + stderr
    assert 5394 / 1.02 - 1 <= verdict["rate_per_s"] <= 5394 < verdict["missed_per_s"]
    assert verdict["missed_per_s"] <= verdict["rate_per_s"] * 1.02 + 1
    assert verdict["confirmations"] == 5 and verdict["latency_ns"] == pytest.approx(1e6, rel=0.01)
    phases = [step["phase"] for step in verdict["path"]]
    assert phases == sorted(phases, key=["doubling", "bisection", "confirmation"].index)
    assert phases.count("confirmation") == 5
    rates = [step["rate_per_s"] for step in verdict["path"] if step["phase"] == "doubling"]
    assert rates[0] == pytest.approx(5394 / 8, rel=0.01) and all(b == 2 * a for a, b in zip(rates, rates[1:]))
    assert "confirmed 5 of 5" in stdout and stderr.count("met") + stderr.count("missed") == len(phases)


def test_a_terminal_shows_how_long_it_may_take(search):
    ours, theirs = os.openpty()
    begin = time.monotonic()
    process, out, _ = search("--slo", "p50=20ms", "--rounds", "2", stderr=theirs, capacity_per_s=3000)
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    ended(process, out)
    took_s = time.monotonic() - begin
    # A closed loop, then 3 doublings, 6 bisections and 2 confirmations, as far as is known at first.
    shown = re.sub(rb"^(building \w+\r\n)+", b"", shown)  # this program's folder is new
    assert shown.startswith(b"\r\x1b[K[1/12] echo/boat/")
    last = len(trials_of(out))
    told = [tuple(map(int, each)) for each in re.findall(rb"\[(\d+)/(\d+)\] (\d+):(\d\d) left  echo/boat/", shown)]
    assert len(told) == shown.count(b"left  echo/boat/") == last - 1
    assert told[0][:2] == (2, 12) and told[-1][:2] == (last, last)
    for number, total, minutes, seconds in told:  # as long as the ones before took on average, however slow they were
        assert 60 * minutes + seconds <= took_s / (number - 1) * (total - number + 1)


def test_searches_of_several_runtimes_take_turns(search):
    process, out, _ = search("--slo", "p50=20ms", names=("a", "b"), capacity_per_s=3000)
    _, _, verdicts = ended(process, out)
    assert process.returncode == 0 and len(verdicts) == 2
    for verdict in verdicts:
        assert 2940 <= verdict["rate_per_s"] <= 3000
    probes = [t["runtime"] for t in trials_of(out) if t["mode"] == "open"]
    assert all({a, b} == {"a", "b"} for a, b in zip(probes[::2], probes[1::2]))


def test_a_server_without_an_end(search):
    process, out, _ = search("--slo", "p50=20ms", "--from", "30000000", capacity_per_s=1e9)
    stdout, _, [verdict] = ended(process, out)
    assert process.returncode == 0
    assert verdict["rate_per_s"] == 100_000_000 and verdict["missed_per_s"] is None
    assert "No higher rate was allowed" in stdout


def test_below_the_lowest_rate_there_is_no_answer(search):
    process, out, _ = search("--slo", "p50=10us", "--from", "2000", capacity_per_s=5394)
    stdout, _, [verdict] = ended(process, out)
    assert process.returncode == 1 and verdict["rate_per_s"] is None
    # The median needs 200 requests, and 220 on average: 440/s in the longest window of 0.5 s, rounded up.
    *rates, lowest = [step["rate_per_s"] for step in verdict["path"]]
    assert rates == [2000, 1000, 500] and lowest in (440, 441)
    assert f"was not confirmed at any rate from {lowest}/s on; lower ones have too few requests for p50" in stdout


def test_where_the_generator_is_late_the_answer_says_so(search):
    process, out, _ = search("--slo", "p50=20ms", capacity_per_s=9000, late_above_per_s=4000)
    stdout, stderr, [verdict] = ended(process, out)
    assert process.returncode == 0
    assert 4000 / 1.02 - 1 <= verdict["rate_per_s"] <= 4000 < verdict["missed_per_s"]
    assert verdict["is_missed_invalid"] and "the server may be able to do more" in stdout
    assert "invalid (the generator sent 100.00 %" in stderr


def test_no_valid_trial_at_all(search):
    process, out, _ = search("--slo", "p50=20ms", capacity_per_s=9000, late_above_per_s=1)
    stdout, _, [verdict] = ended(process, out)
    assert process.returncode == 1 and verdict["rate_per_s"] is None and len(verdict["path"]) == 3
    assert "No answer: no valid trial at 1,125/s: the generator sent" in stdout


def test_a_budget_ends_it_with_what_is_known(search):
    process, out, calls = search("--slo", "p50=20ms", "--budget", "2", names=("a", "b"), capacity_per_s=5394, seconds=0.4)
    stdout, _, verdicts = ended(process, out)
    assert process.returncode == 1 and len(verdicts) == 2
    for verdict in verdicts:
        assert verdict["rate_per_s"] is None
        assert verdict["sentence"].startswith("No answer: the budget of 2 s is used up")
        if any(step["outcome"] == "met" for step in verdict["path"]):
            assert "/s met the bound, unconfirmed." in verdict["sentence"]
    assert read_records(out)[-1]["interrupted"] is True
    # Trials of 0.4 s and more: the sixth cannot begin within 2 s.
    assert len(calls.read_text().splitlines()) <= 5


@pytest.mark.parametrize("trials", [1, 4])
def test_ctrl_c_ends_it_with_what_is_known(search, trials):
    process, out, calls = search("--slo", "p50=20ms", names=("a", "b"), capacity_per_s=5394, seconds=0.3)
    deadline = time.monotonic() + LONG_ENOUGH_S
    while not calls.exists() or len(calls.read_text().splitlines()) < trials:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, _, verdicts = ended(process, out)
    assert process.returncode == 130 and len(verdicts) == 2
    for verdict in verdicts:
        assert verdict["rate_per_s"] is None and verdict["sentence"].startswith("No answer: interrupted")
    assert read_records(out)[-1]["interrupted"] is True


def test_a_budget_is_a_number(search):
    process, out, _ = search("--slo", "p50=20ms", "--budget", "soon", capacity_per_s=1)
    _, stderr = process.communicate(timeout=LONG_ENOUGH_S)
    assert process.returncode == 2 and "--budget: must be a number from 1" in one_line(stderr) and not out.exists()
