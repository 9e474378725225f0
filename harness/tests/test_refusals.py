"""Servers and generators whose figures must not be believed, and what the harness says of them."""
import shutil

import pytest
from harness_fixtures import BUILD, PROGRAM, add_runtime, read_records, regatta, trials_of

SHORT = ["--rounds", "1", "--warmup", "0.1"]

# Passes on what the real generator says, with its result changed.
GENERATOR = """#!/usr/bin/python3
import json, subprocess, sys, threading

def change(result):
    {change}

real = subprocess.Popen(["{real}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

def pass_on():
    for line in sys.stdin:
        real.stdin.write(line)
        real.stdin.flush()

threading.Thread(target=pass_on, daemon=True).start()
for line in real.stdout:
    said = json.loads(line)
    if said["event"] == "result":
        change(said)
    print(json.dumps(said), flush=True)
sys.exit(real.wait())
"""


def run(folder, what, *words, program=PROGRAM):
    out = folder / "out.jsonl"
    length = () if "--measure" in words else ("--measure", "1")
    done = regatta("run", what, "--runtimes", folder, "--out", out, "--force", *SHORT, *length, *words,
                   program=program)
    return done, trials_of(out)


def lost_replies(trial):
    [note] = [w for w in trial["warnings"] if w.startswith("lost ")]
    return int(note.removeprefix("lost ").removesuffix(" replies"))


def test_each_lost_reply_of_a_closed_loop_is_counted(tmp_path):
    add_runtime(tmp_path, "boat", "lose")
    done, (trial,) = run(tmp_path, "echo/boat/size:77", "--connections", "40")
    client, server = trial["client"], trial["server"]["counters"]
    lost = lost_replies(trial)
    # A connection that lost its reply asks no more, so there are at most 40.
    assert 0 < lost <= 40 and lost == (server["requests"] + lost) // 1000
    assert client["requests"] == server["requests"] + lost
    assert client["replies"] == server["requests"]
    assert client["bytes_sent"] - client["bytes_received"] == 77 * lost
    assert client["errors"]["timeout"] == lost and sum(client["errors"].values()) == lost
    assert trial["metrics"]["error_count"] == lost
    assert trial["status"] == "invalid" and done.returncode == 1
    assert f"the generator saw errors in {client['requests']} requests: {lost} timeout" in trial["reasons"]


def test_each_lost_reply_of_an_open_loop_is_counted(tmp_path):
    add_runtime(tmp_path, "boat", "lose")
    _, trials = run(tmp_path, "echo/boat/size:77", "--connections", "10", "--rate", "4000")
    trial = trials[0]
    client, server, load = trial["client"], trial["server"]["counters"], trial["open_loop"]
    lost = lost_replies(trial)
    assert 0 < lost <= 10
    assert client["requests"] == server["requests"] + lost == client["replies"] + lost
    # What was due on a connection that waits for its lost reply was never sent; all stand in the percentiles.
    assert client["errors"]["timeout"] == lost + load["never_sent"]
    assert load["arrivals"] == trial["latency"]["count"] + load["censored"]
    assert lost <= load["censored"] <= lost + load["never_sent"]
    assert any(f"{load['censored']} of {load['arrivals']} requests were never answered" in w for w in trial["warnings"])
    assert trial["metrics"]["latency_ns_p999"] is None and trial["metrics"]["latency_ns_max"] is None


def test_a_server_that_answers_too_early_is_refused(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    # 4 connections and waits of 50 ms allow 80 replies a second; it does not wait at all.
    done, trials = run(tmp_path, "delay/null/delay_us:50000", "--connections", "4")
    assert done.returncode == 1
    for trial in trials:
        assert trial["status"] == "invalid" and trial["ceiling_per_s"] == 80
        assert any(r.startswith("it answers too early") and r.endswith("no server can exceed 80")
                   for r in trial["reasons"]), trial["reasons"]
    assert "it answers too early" in done.stderr


def generator(folder, change):
    """A copy of `regatta` beside a generator whose results are changed."""
    program = shutil.copy(PROGRAM, folder / "regatta")
    load = folder / "regatta-load"
    load.write_text(GENERATOR.replace("{change}", change).replace("{real}", str(BUILD / "regatta-load")))
    load.chmod(0o755)
    return program


def test_an_honest_generator_keeps_littles_law(tmp_path):
    program = generator(tmp_path, "pass")
    add_runtime(tmp_path, "boat", "good")
    _, trials = run(tmp_path, "echo/boat/size:77", "--connections", "4", program=program)
    assert any(trial["status"] == "ok" for trial in trials), [trial["reasons"] for trial in trials]
    for trial in trials:
        rate, latency_ns = (trial["metrics"][name] for name in ("throughput_per_s", "latency_ns_mean"))
        sent = trial["generator"]
        # The mean is of buckets.
        assert rate * latency_ns / 1e9 == pytest.approx(sent["in_flight_mean"] + sent["in_flight_cut"], rel=0.02)
        assert 0 < sent["in_flight_mean"] <= 4 * 1.001


@pytest.mark.parametrize("change", [
    # Each latency half as long; a tenth of the replies left out.
    "h = result['latency']; h['counts'] = [[i - 128, n] for i, n in h['counts']]; h['sum'] //= 2; "
    "h['min'] //= 2; h['max'] //= 2",
    "result['replies_measured'] = result['replies_measured'] * 9 // 10",
])
def test_a_generator_whose_books_are_wrong_fails_littles_law(tmp_path, change):
    program = generator(tmp_path, change)
    add_runtime(tmp_path, "boat", "good")
    done, trials = run(tmp_path, "echo/boat/size:77", "--connections", "4", program=program)
    assert done.returncode == 1 and [t["attempt"] for t in trials] == [0, 1, 2]
    for trial in trials:
        assert trial["status"] == "invalid"
        [reason] = [r for r in trial["reasons"] if r.startswith("Little's law fails: ")]


def test_a_load_below_capacity_achieves_its_rate(tmp_path):
    for attempt in range(5):
        folder = add_runtime(tmp_path / str(attempt), "boat", "good")
        _, trials = run(folder, "echo/boat/size:77", "--connections", "4", "--rate", "500",
                        "--arrivals", "constant", "--measure", "2")
        for trial in trials:
            load = trial["open_loop"]
            assert load["arrivals"] == pytest.approx(500 * trial["measured_ns"] / 1e9, abs=1)
            # A window that ends while other programs have the CPU lacks a few replies.
            if not load["is_saturated"] and trial["metrics"]["throughput_per_s"] == pytest.approx(500, rel=0.005):
                assert trial["saturation"] == "rate-limited"
                return
    pytest.skip("other programs kept the machine busy")


def test_the_record_of_a_refused_trial_is_whole(tmp_path):
    add_runtime(tmp_path, "boat", "lose")
    run(tmp_path, "echo/boat/size:77", "--connections", "4")
    kinds = [r["record"] for r in read_records(tmp_path / "out.jsonl")]
    assert kinds == ["run", "trial", "end"]
