"""compare and report as programs: tables, refusals, files written."""
import json
import os
import pathlib
import sys

import pytest
from harness_fixtures import one_line, regatta

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "plots" / "tests"))
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "plots"))
synthetic = pytest.importorskip("synthetic")  # needs numpy

RUNTIMES = ["thread", "asio", "uring"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A whole file of 3 runtimes, 2 connection counts and a job."""
    return synthetic.write(tmp_path_factory.mktemp("results") / "whole.jsonl",
                           synthetic.run(RUNTIMES, [1, 50], samples=12_000))


@pytest.fixture
def other_run(tmp_path):
    records = synthetic.run(RUNTIMES, [1, 50], samples=500, seed=2)
    records[0]["run_id"] = "20260102T000000Z-0001"
    records[0]["machine"] = records[0]["machine"] | {"fingerprint": "0001"}
    return synthetic.write(tmp_path / "other.jsonl", records)


def refusal(*words, status):
    done = regatta(*words)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    return one_line(done.stderr)


def rows_of(text):
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("|") and "---" not in line]


def test_compare_prints_the_table_of_the_run(results):
    done = regatta("compare", results)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("### ") == 3
    assert [row[0] for row in rows_of(done.stdout)[1:4]] == RUNTIMES
    assert all(row[9] == "3/3" for row in rows_of(done.stdout) if row[0] in RUNTIMES)


def test_pivot_and_filter(results):
    done = regatta("compare", results, "--metric", "latency_ns_p99", "--filter", "^echo/")
    assert done.returncode == 0
    assert rows_of(done.stdout)[0] == ["runtime", "connections:1", "connections:50"]
    assert len(rows_of(done.stdout)) == 4


def test_ratios_to_a_baseline(results):
    done = regatta("compare", results, "--baseline", "thread", "--filter", "^echo/")
    rows = rows_of(done.stdout)
    assert rows[1] == ["thread", "1", "1", "1.00"]
    assert rows[3][1].startswith("1.2") and "(" in rows[3][1]


def test_what_the_others_wait_for_is_a_metric(tmp_path):
    file = synthetic.write(tmp_path / "mixed.jsonl", synthetic.run(
        ["thread", "asio"], [1], samples=12_000, workloads=(), everything=True))
    words = ["--metric", "others_latency_ns_p99", "--columns", "heavy"]
    done = regatta("compare", file, "--filter", "^mixed/", *words)
    assert rows_of(done.stdout)[0] == ["runtime", "heavy:inline", "heavy:offload"]
    assert ", us" in done.stdout.splitlines()[0]
    done = regatta("compare", file, "--filter", "^mixed/", *words, "--baseline", "offload")
    thread, asio = rows_of(done.stdout)[1:3]
    assert thread[1].endswith("~") and asio[1].startswith("13.") and asio[2] == "1"


def test_several_runs_stand_beside_each_other(results, other_run):
    done = regatta("compare", results, other_run, "--filter", "connections:50")
    assert done.returncode == 0
    assert "different machines" in one_line(done.stderr)
    rows = rows_of(done.stdout)
    assert rows[0][:2] == ["runtime", "run"] and len(rows) == 7
    done = regatta("compare", results, other_run, "--columns", "run", "--baseline",
                   "20260101T000000Z-0000")
    assert "unpaired" in done.stdout


def test_truncated_file_is_said_and_used(results, tmp_path):
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(results.read_bytes()[:-400])
    done = regatta("compare", cut)
    assert done.returncode == 0 and done.stdout.startswith("### ")
    assert "cut.jsonl: truncated" in one_line(done.stderr)


def test_compare_refuses_in_one_line(results, tmp_path):
    assert "choose from latency_ns_p99, " in refusal(
        "compare", results, "--metric", "latency_p99", status=2)
    assert "choose from connections, " in refusal(
        "compare", results, "--rows", "conections", status=2)
    assert "choose from asio, " in refusal("compare", results, "--baseline", "aiso", status=2)
    assert "both runtime" in refusal("compare", results, "--columns", "runtime", status=2)
    assert "matches no benchmark" in refusal("compare", results, "--filter", "zzz", status=2)
    assert "no regular expression" in refusal("compare", results, "--filter", "a(", status=2)
    assert "given already" in refusal("compare", results, results, status=2)
    assert "FILE" in refusal("compare", status=2)
    assert "cannot read" in refusal("compare", tmp_path / "none", status=1)
    text = tmp_path / "text"
    text.write_text("hello\n")
    assert "text:1: is not a record" in refusal("compare", text, status=1)
    text.write_text(json.dumps({"record": "run", "schema": 99}) + "\n")
    assert "text:1: has schema 99" in refusal("compare", text, status=1)


def test_a_trial_that_lacks_what_the_format_promises_is_named(tmp_path):
    records = synthetic.run(["asio"], [1], 1, samples=200)
    del records[1]["metrics"]
    file = synthetic.write(tmp_path / "lacks.jsonl", records)
    for words in (["compare", file], ["compare", file, "--metric", "throughput_per_s"]):
        line = refusal(*words, status=1)
        assert "lacks.jsonl" in line and "trial 0" in line and "metrics" in line


def test_report_writes_a_page_a_summary_and_the_figures(results, tmp_path):
    done = regatta("report", results, "--out", tmp_path / "a" / "b")
    assert done.returncode == 0, done.stderr
    written = [pathlib.Path(line) for line in done.stdout.splitlines()]
    assert all(path.is_file() for path in written)
    assert {path.name for path in written} >= {
        "report.html", "report.md", "p99_connections.svg", "p99_connections.png", "cpu_per_request.svg"}
    summary = (tmp_path / "a" / "b" / "report.md").read_text()
    assert "![p99 latency against connections](p99_connections.svg)" in summary
    assert "regatta run synthetic" in summary and "SYNTHETIC TEST DATA" in summary
    assert "<h1>Regatta run 20260101T000000Z-0000</h1>" in (tmp_path / "a" / "b" / "report.html").read_text()


def test_report_stands_beside_its_file_and_takes_a_filter_and_a_baseline(results, tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_bytes(results.read_bytes())
    done = regatta("report", file, "--filter", "^echo/", "--baseline", "asio")
    assert done.returncode == 0, done.stderr
    summary = (tmp_path / "mine-report" / "report.md").read_text()
    assert "hash" not in summary and "asio is 1" in summary


def test_report_takes_several_files_of_one_machine(results, other_run, tmp_path):
    memory = [{"record": "run", "schema": 1, "run_id": "memory", "machine": synthetic.MACHINE}]
    rng = synthetic.np.random.default_rng(1)
    memory += [synthetic.memory("asio", count, 0, rng, 2) for count in (0, 1000, 5000)]
    file = synthetic.write(tmp_path / "memory.jsonl", memory)
    done = regatta("report", results, file, "--out", tmp_path / "report")
    assert done.returncode == 0, done.stderr
    names = {pathlib.Path(line).name for line in done.stdout.splitlines()}
    assert {"throughput_connections.svg", "memory_per_connection.svg"} < names
    assert "another machine" in refusal("report", results, other_run, "--out", tmp_path / "none", status=1)


def test_report_without_python_says_what_to_install(results, tmp_path):
    done = regatta("report", results, "--out", tmp_path / "report",
                   env=os.environ | {"REGATTA_PYTHON": "/nonexistent/python3"})
    assert done.returncode == 3 and done.stdout == ""
    assert "REGATTA_PYTHON=/nonexistent/python3 is no Python" in one_line(done.stderr)
    assert not (tmp_path / "report").exists()


def test_report_refuses_in_one_line(results, tmp_path):
    assert "FILE" in refusal("report", status=2)
    assert "cannot read" in refusal("report", tmp_path / "none", "--out", tmp_path, status=1)
    assert "choose from thread, asio, uring" in refusal(
        "report", results, "--out", tmp_path / "a", "--baseline", "aiso", status=2)
    assert "matches no benchmark" in refusal(
        "report", results, "--out", tmp_path / "a", "--filter", "zzz", status=2)
    assert "no regular expression" in refusal(
        "report", results, "--out", tmp_path / "a", "--filter", "a(", status=2)
    assert "cannot read" in refusal(
        "report", results, "--out", tmp_path / "a", "--claims", tmp_path / "none", status=1)
    (tmp_path / "file").write_text("")
    assert "cannot write" in refusal("report", results, "--out", tmp_path / "file", status=1)


CLAIMS = """
name = "boats"
[[claim]]
name = "{name}"
says = "A thread is as fast as a loop"
by = "nobody"
metric = "throughput_per_s"
a = "{a}"
b = "{b}"
at_least = 0.9

[[claim]]
name = "threads are large"
says = "A thread costs twice the memory"
by = "nobody"
metric = "bytes_per_connection"
a = "echo/thread/size:64/workers:1"
b = "echo/asio/size:64/workers:1"
at_least = 2
"""


def slope(runtime, value):
    fit = {"bytes_per_connection": value, "bytes_per_connection_low": value - 1, "bytes_per_connection_high": value + 1,
           "bytes_at_0": 10**6}
    return {"record": "verdict", "schema": 1, "kind": "memory", "benchmark": f"echo/{runtime}/size:64/workers:1",
            "fits": {"server": fit, "user": None}}


def test_report_judges_the_claims_of_the_suite_that_was_run(tmp_path):
    records = synthetic.run(RUNTIMES, [1, 50], samples=500)
    trials = [each for each in records if each["record"] == "trial"]
    first, second = (next(each["benchmark"] for each in trials if each["runtime"] == runtime)
                     for runtime in ("thread", "asio"))
    (tmp_path / "boats.toml").write_text(CLAIMS.format(name="threads keep up", a=first, b=second))
    records[0] |= {"suite": "boats", "argv": ["regatta", "run", "boats.toml"], "directory": str(tmp_path)}
    file = synthetic.write(tmp_path / "boats.jsonl", records)
    memory = tmp_path / "memory.jsonl"
    memory.write_text("".join(json.dumps(each) + "\n" for each in (
        {"record": "run", "schema": 1, "run_id": "memory", "machine": synthetic.MACHINE},
        slope("thread", 4000), slope("asio", 1000), {"record": "end", "schema": 1})))
    done = regatta("report", file, memory, "--out", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    for page in ("report.md", "report.html"):
        text = (tmp_path / "a" / page).read_text()
        assert "A thread is as fast as a loop" in text and "A thread costs twice the memory" in text, page
    judged = json.loads(regatta("claims", file, memory, "--suite", tmp_path / "boats.toml", "--json").stdout)
    rows = rows_of((tmp_path / "a" / "report.md").read_text())
    (row,) = (row for row in rows if row[0] == "A thread costs twice the memory")
    assert judged[1]["outcome"] == "confirmed" and "confirmed" in row and judged[1]["measured"] in row
    (tmp_path / "boats.toml").write_text("[[claim]]\n")
    done = regatta("report", file, "--out", tmp_path / "b")
    assert done.returncode == 0 and "says nothing of claims" in one_line(done.stderr)
    assert "A thread is as fast as a loop" not in (tmp_path / "b" / "report.md").read_text()
