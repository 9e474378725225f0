"""Several hosts load a server that runs already (`--target` with `--hosts`)."""
import json
import sys

import pytest
from harness_fixtures import FAKE, one_line, trials_of
from three_hosts_fixtures import needs_three_hosts, three_hosts

pytestmark = needs_three_hosts

# A server on h0 that the program knows nothing of; what it counted goes to the file that is named first.
BESIDE_A_SERVER = f"""
import pathlib, subprocess, sys
out, *words = sys.argv[1:]
server = subprocess.Popen([sys.executable, {str(FAKE)!r}, "other", "good", "/", "serve", "--workload", "echo",
                           "--set", "size=77", "--listen", "10.77.0.1:0"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
port = server.stdout.readline().partition('"port": ')[2].partition(",")[0]
status = subprocess.run([word.replace("PORT", port) for word in words]).returncode
pathlib.Path(out).write_text(server.communicate()[0])
sys.exit(status)
"""


def load_target(folder, target, *words):
    return three_hosts(folder, "--measure", "0.5", "--warmup", "0.1", *words,
                       start=[sys.executable, "-c", BESIDE_A_SERVER, folder / "server.json"],
                       what=["--target", target, "--workload", "echo", "--set", "size=77"], address=[])


def test_hosts_load_a_server_that_runs_already(tmp_path):
    outcome = load_target(tmp_path, "10.77.0.1:PORT", "--remote", "--rate", "400")
    trial = outcome.trial()
    assert trial["status"] != "failed", trial["reasons"]
    assert trial["benchmark"].startswith("echo/target/size:77/connections:8/")
    assert trial["server"] is None and trial["metrics"]["server_cpu_ns_per_op"] is None
    assert [(each["host"], each["connections"]) for each in trial["ranks"]["each"]] == [("h1", 4), ("h2", 4)]
    results = [result for _, result in outcome.shards()]
    assert trial["latency"]["count"] == sum(result["latency"]["count"] for result in results) > 0
    assert trial["client"]["replies"] == sum(result["client"]["replies"] for result in results)
    served = json.loads((tmp_path / "server.json").read_text())["counters"]
    trials = trials_of(tmp_path / "out.jsonl")
    assert served["accepted"] == 8 * len(trials)
    assert served["requests"] == sum(each["client"]["replies"] for each in trials)
    assert outcome.left == []


@pytest.mark.parametrize("target, words, complaint", [
    ("127.0.0.1:PORT", [], "127.0.0.1 is each one's own: give --target an address at which they reach"),
    ("localhost:PORT", [], "127.0.0.1 is each one's own"),
    ("10.77.0.1:PORT", ["--remote", "--server-address", "10.77.0.1"], "leave one out")])
def test_what_hosts_cannot_reach_is_refused(tmp_path, target, words, complaint):
    outcome = load_target(tmp_path, target, *words)
    assert outcome.status == 2 and complaint in one_line(outcome.stderr)
    assert outcome.left == [] and not (tmp_path / "out.jsonl").exists()


def test_nobody_there_is_told_of_the_host(tmp_path):
    outcome = load_target(tmp_path, "10.77.0.1:1", "--remote")
    trial = outcome.trial()
    assert outcome.status == 1 and trial["status"] == "failed"
    (reason,) = trial["reasons"]
    assert " on h" in reason and "refused" in reason and "10.77.0.1" in reason
