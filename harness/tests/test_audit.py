"""audit as a program: its record and table; the other tools stand in as scripts with known figures."""
import math
import os
import shutil

import pytest
from harness_fixtures import one_line, read_records, regatta

# The output of each tool with a thousand requests of 1 to 1000 ms, so that its percentiles are known.
WRK = """#!/bin/sh
echo 'Running 1s test'
echo '{"requests":1000,"errors":2,"latency_us":[500000,950000,990000,999000]}'
"""
H2LOAD = """#!/bin/sh
seq 1 1000 | sed 's/.*/1700000000\\t200\\t&000/' > h2load.tsv
printf '1700000000\\t-1\\t5\\n' >> h2load.tsv
"""
HEY = """#!/bin/sh
echo 'response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset'
seq -f %.4f 0.001 0.001 1 | sed 's/$/,0,0,0,0,0,200,0.1/'
"""
SOCKPERF = """#!/bin/sh
cat feed >&2
{ echo '# dropped messages = 3; # duplicated messages = 0'; echo 'packet, txTime(sec), rxTime(sec), rtt(usec)'
seq 1 1000 | sed 's/.*/&, 5.000000001, 6.5, &000.000/'
echo '1001, 6.000000001, 6.5, 7000000.000'; echo '------'; } > sockperf.csv
"""
PERCENTILES_MS = {"latency_ns_p50": 500, "latency_ns_p95": 950, "latency_ns_p99": 990,
                  "latency_ns_p999": 999}
BUCKET_WIDTH = 1 / 128  # of a value


@pytest.fixture
def audit(tmp_path):
    """Runs the verb with the given scripts as the only tools on PATH; gives what it did."""
    def run(*words, scripts=()):
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        for name, text in scripts:
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        for name in ("sh", "seq", "sed", "cat"):
            if not (tools / name).exists():
                (tools / name).symlink_to(shutil.which(name))
        out = tmp_path / "audit.jsonl"
        done = regatta("audit", "--server", "fixed", "--seconds", "1", "--rate", "200",
                       "--connections", "4", "--force", "--out", out, *words,
                       env=os.environ | {"PATH": str(tools)})
        return done, [r for r in read_records(out) if r["record"] == "audit"]
    return run


def only(records, tool, arrivals):
    found = [r for r in records if (r["tool"], r["arrivals"]) == (tool, arrivals)]
    assert len(found) == 1
    return found[0]


def test_our_generator_is_audited_in_each_mode(audit):
    done, records = audit("--tool", "regatta-load", "--seed", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert [r["arrivals"] for r in records] == ["poisson", "constant", "closed"]
    for record in records:
        assert record["status"] == "ok" and record["error_count"] == 0
        assert record["latency"]["count"] == record["requests"]
        # Nobody answers earlier than the server's rule; how much later is the machine's matter.
        assert record["latency"]["min"] >= record["truth"]["latency_ns_p50"] == 500_000
    assert only(records, "regatta-load", "constant")["requests"] == 200
    assert only(records, "regatta-load", "closed")["latency_kind"] == "service"
    table = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1 and len(table) == 2 + 1 + 3


def test_percentiles_of_the_others_are_read(audit):
    done, records = audit("--tool", "wrk", "--tool", "hey", "--tool", "h2load", "--tool", "sockperf",
                          scripts=[("wrk", WRK), ("h2load", H2LOAD), ("hey", HEY), ("sockperf", SOCKPERF)])
    assert done.returncode == 0, done.stdout
    assert [(r["tool"], r["arrivals"]) for r in records] == [
        ("wrk", "closed"), ("h2load", "paced"), ("h2load", "closed"), ("hey", "paced"),
        ("hey", "closed"), ("sockperf", "constant")]
    for record in records:
        assert record["status"] == "ok" and record["requests"] == 1000 + (record["tool"] == "h2load")
        assert record["error_count"] == {"wrk": 2, "h2load": 1, "sockperf": 3}.get(record["tool"], 0)
        assert record["server_requests"] == 0  # they are only scripts
        assert {name: ns / 1e6 for name, ns in record["measured"].items()} == pytest.approx(
            PERCENTILES_MS, rel=BUCKET_WIDTH)


def test_tools_that_are_absent_are_listed(audit):
    done, records = audit("--tool", "wrk", "--tool", "h2load")
    assert done.returncode == 0
    assert {r["status"] for r in records} == {"absent"}
    assert ("Absent: wrk (not installed: apt-get install wrk) and "
            "h2load (not installed: apt-get install nghttp2-client).") in done.stdout


@pytest.mark.skipif(not shutil.which("sockperf"), reason="sockperf is not installed")
def test_the_server_speaks_sockperf(audit):
    done, (record,) = audit("--tool", "sockperf", scripts=[
        ("sockperf", f'#!/bin/sh\nexec {shutil.which("sockperf")} "$@"\n')])
    assert done.returncode == 0 and record["status"] == "ok", record["reasons"]
    assert (record["arrivals"], record["latency_kind"]) == ("constant", "service")
    # 200/s for a second; a busy machine may make it send fewer. No reply is earlier than the rule.
    assert 0 < record["requests"] <= 201 and record["server_requests"] >= record["requests"]
    assert record["latency"]["min"] >= 500_000


@pytest.mark.parametrize("arrivals", ["poisson", "constant"])
def test_a_queue_has_the_truth_of_its_theory(audit, arrivals):
    done, records = audit("--tool", "regatta-load", "--server", "mm1", "--seed", "1")
    records = [r for r in records if r["server"]["kind"] == "mm1"]
    record = only(records, "regatta-load", arrivals)
    assert record["status"] == "ok", record["reasons"]
    mean = record["server"]["service_ns_mean"]
    assert mean == pytest.approx(0.7 / 200 * 1e9)
    # M/M/1: exponential with mean 1/(mu - lambda). D/M/1 waits less.
    percentiles = {"latency_ns_p50": 0.5, "latency_ns_p95": 0.95, "latency_ns_p99": 0.99, "latency_ns_p999": 0.999}
    for name, fraction in percentiles.items():
        theory = -math.log(1 - fraction) * mean / 0.3
        truth = record["truth"][name]
        assert truth == pytest.approx(theory) if arrivals == "poisson" else truth < theory
        assert record["measured"][name] > 0
    assert only(records, "regatta-load", "closed")["truth"] is None
    assert "one queue, exponential service" in done.stdout and "a closed loop has no rate of its own" in done.stdout


@pytest.mark.parametrize("text, reason", [
    ("#!/bin/sh\nexit 3\n", "hey ended with exit status 3"),
    ("#!/bin/sh\necho hello\n", "hey's output has no column 'response-time'"),
    ("#!/bin/sh\n:\n", "hey printed nothing"),
    (HEY.replace("0.1/", "0.1/; 5s/^/x/"), "no number"),
])
def test_a_tool_that_fails_is_said_with_the_reason(audit, text, reason):
    done, records = audit("--tool", "hey", scripts=[("hey", text)])
    assert done.returncode == 1
    assert all(r["status"] == "failed" and reason in r["reasons"][0] for r in records)
    assert "Failed: hey (" in done.stdout


def test_refuses_in_one_line(tmp_path):
    def refusal(*words):
        done = regatta("audit", "--out", tmp_path / "none.jsonl", *words)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        return one_line(done.stderr)

    assert "choose from wrk, " in refusal("--tool", "wrk2")
    assert "give a multiple of that" in refusal("--seconds", "15")
    assert "--server" in refusal("--server", "slow")
    assert "--rate" in refusal("--rate", "0")
    assert not (tmp_path / "none.jsonl").exists()


def test_a_record_is_printed_again(audit, tmp_path):
    done, _ = audit("--tool", "regatta-load", "--server", "mm1", "--seed", "3")
    assert done.returncode == 0
    again = regatta("audit", "--from", tmp_path / "audit.jsonl")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.strip() == done.stdout.rpartition("Results:")[0].strip()
    assert again.stdout.count("the very arrivals and service times of this one make") == 2
    both = regatta("audit", "--from", tmp_path / "audit.jsonl", "--tool", "wrk")
    assert both.returncode == 2 and "--from" in one_line(both.stderr)


def test_a_file_without_an_audit_is_refused(tmp_path):
    file = tmp_path / "none.jsonl"
    file.write_text('{"record":"end","schema":1}\n')
    done = regatta("audit", "--from", file)
    assert done.returncode == 2 and "has no audit" in one_line(done.stderr)
