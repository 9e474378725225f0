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


def test_report_writes_a_page_with_its_figures(results, tmp_path):
    done = regatta("report", results, "--out", tmp_path / "a" / "b")
    assert done.returncode == 0, done.stderr
    written = [pathlib.Path(line) for line in done.stdout.splitlines()]
    assert all(path.is_file() for path in written)
    assert {path.name for path in written} >= {
        "report.md", "p99_connections.svg", "p99_connections.png", "cpu_per_request.svg"}
    page = (tmp_path / "a" / "b" / "report.md").read_text()
    assert "![p99 connections](p99_connections.svg)" in page
    assert "regatta run synthetic" in page and "SYNTHETIC TEST DATA" in page


def test_report_without_python_is_written_without_figures(results, tmp_path):
    done = regatta("report", results, "--out", tmp_path,
                   env=os.environ | {"REGATTA_PYTHON": "/nonexistent/python3"})
    assert done.returncode == 3
    assert "REGATTA_PYTHON=/nonexistent/python3 has no matplotlib" in one_line(done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
    assert "no figures" in (tmp_path / "report.md").read_text()


def test_report_refuses_in_one_line(results, tmp_path):
    assert "--out" in refusal("report", results, status=2)
    assert "cannot read" in refusal("report", tmp_path / "none", "--out", tmp_path, status=1)
    (tmp_path / "file").write_text("")
    assert "cannot make this folder" in refusal(
        "report", results, "--out", tmp_path / "file", status=1)
