"""The forms in which `regatta gate` tells a run, each read by what it is for. The run is made up here, with a cell of every
kind; its names hold what must be escaped."""
import html.parser
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as xml

import pytest
from harness_fixtures import LONG_ENOUGH_S, compared_by_google_benchmark, regatta

VERDICTS = ["OK", "REGRESSED", "MINOR", "IMPROVED", "IDENTICAL", "INCONCLUSIVE"]
NASTY = 'the <head> said "no | 100 % & none"'


def name_of(i):
    return f"echo/boat/size:{i + 1}/connections:2/workers:1"


def cell(i, verdict, metric="server_cpu_ns_per_op", sentence="+7.0 % worse (+5.1 to +9.0), 20 pairs"):
    is_known = verdict not in ("IDENTICAL", "INCONCLUSIVE")
    return {"record": "verdict", "kind": "gate", "benchmark": name_of(i), "workload": "echo", "runtime": "boat",
            "metric": metric, "tolerance": 0.05, "is_robust": True, "verdict": verdict, "pairs": 20 if is_known else 0,
            "pairs_run": 20, "pairs_valid": 20, "pairs_clean": 20, "base_median": 1000.0 if is_known else None,
            "head_median": 1070.0 if is_known else None, "worsening": 1.07 if is_known else None,
            "worsening_low": 1.051 if is_known else None, "worsening_high": 1.09 if is_known else None,
            "p_worse": 1e-6 if verdict in ("REGRESSED", "MINOR") else None, "p_better": None, "sentence": sentence}


def trials(names):
    made = []
    for name in names:
        for round_ in range(10):
            for side, cpu in (("base", 1000), ("head", 1070)):
                made.append({"record": "trial", "trial": len(made), "round": round_, "attempt": 0, "side": side,
                             "benchmark": name, "status": "ok", "reasons": [], "mode": "closed", "measured_ns": 10**8,
                             "metrics": {"throughput_per_s": 1e9 / cpu + round_, "server_cpu_ns_per_op": cpu + round_,
                                         "latency_ns_p50": None}})
    return made


def summary(cells, **more):
    counts = {v: sum(c["verdict"] == v for c in cells) for v in VERDICTS if any(c["verdict"] == v for c in cells)}
    return {"record": "verdict", "kind": "gate_summary", "verdict": "REGRESSED", "exit_status": 1, "counts": counts,
            "sentence": "1 regression in 6 comparisons: 1 OK.", "cells": len(cells), "only_base": [],
            "only_head": ["echo/ship/size:1"],
            "errors": [{"benchmark": name_of(6), "is_head_alone": True, "reason": "the head fails: " + NASTY}],
            "lost_trials": [{"benchmark": name_of(0), "base": 0, "head": 2, "reason": "it sank"}],
            "looks": [6], "ok_levels": [0.05], "strict_levels": [None], "budget_s": 60.0, "is_budget_used_up": False,
            "interrupted": False, "elapsed_s": 12.5, **more}


def write_record(file, cells, names, **more):
    records = [{"record": "run", "verb": "gate", "run_id": "20260101T000000Z-0007", "started_at": "2026-01-01T00:00:00.123Z",
                "seed": 7, "regatta": {"build_type": "Release"},
                "machine": {"cpu_model": "A <CPU>", "cpus_online": 2, "kernel": "Linux 6.1"},
                "gate": {"base": {"folder": "old", "reference": "main", "commit": None},
                         "head": {"folder": "new", "reference": None, "commit": None}}},
               *trials(names), *cells, summary(cells, **more), {"record": "end", "interrupted": False}]
    file.write_text("".join(json.dumps({"schema": 1, **r}) + "\n" for r in records))
    return file


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    cells = [cell(i, verdict) for i, verdict in enumerate(VERDICTS)]
    cells.append(cell(6, "INCONCLUSIVE", sentence="the head fails: " + NASTY))
    return write_record(tmp_path_factory.mktemp("gate") / "run.jsonl", cells, [name_of(i) for i in range(3)])


def told(record, form, **options):
    done = regatta("gate", "--from", record, "--report", form, **options)
    assert done.stderr == ""
    return done.stdout


def test_a_run_told_again_has_its_exit_status_and_table(record):
    done = regatta("gate", "--from", record)
    assert done.returncode == 1
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if re.match(r"\| \w", line)]
    assert rows == ["verdict", "REGRESSED", "MINOR", "INCONCLUSIVE", "INCONCLUSIVE", "IMPROVED", "OK", "IDENTICAL"]
    assert done.stdout.splitlines()[-1] == "REGRESSED: 1 regression in 6 comparisons: 1 OK."


def test_json_has_what_the_record_has(record):
    whole = json.loads(told(record, "json"), parse_constant=pytest.fail)
    assert [c["verdict"] for c in whole["cells"]] == VERDICTS + ["INCONCLUSIVE"]
    assert whole["summary"]["exit_status"] == 1 and whole["run"]["seed"] == 7


# What junit-10.xsd of the Jenkins xUnit plugin, the published schema, allows in the elements that the gate writes: the
# attributes that must be there, those that may be, and the elements within.
OUTCOME = (set(), {"type", "message"}, set())
OUTPUT = (set(), set(), set())
JUNIT = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors"},
                  {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
                  {"testsuite", "properties", "testcase", "system-out", "system-err"}),
    "testcase": ({"name"}, {"time", "classname", "group"},
                 {"skipped", "error", "failure", "rerunFailure", "rerunError", "flakyFailure", "flakyError", "system-out",
                  "system-err"}),
    "skipped": OUTCOME, "error": OUTCOME, "failure": OUTCOME, "system-out": OUTPUT, "system-err": OUTPUT,
}


def check_junit(element):
    required, optional, children = JUNIT[element.tag]
    assert required <= set(element.attrib) <= required | optional, (element.tag, element.attrib)
    assert {child.tag for child in element} <= children
    # The schema has text there; what readers want are numbers.
    for name in {"tests", "failures", "errors", "skipped"} & set(element.attrib):
        assert re.fullmatch(r"\d+", element.get(name))
    assert re.fullmatch(r"\d+(\.\d+)?", element.get("time", "0"))
    for child in element:
        check_junit(child)


@pytest.mark.parametrize("wrong", [
    '<testsuite name="a" tests="1" errors="0"/>', '<testsuite name="a" tests="1" failures="0" errors="0" version="1"/>',
    '<testsuites disabled="0"/>', '<testcase classname="a"/>', '<testsuites><testcase name="a"/></testsuites>',
    '<testsuite name="a" tests="one" failures="0" errors="0"/>'])
def test_what_is_no_junit_is_seen(wrong):
    with pytest.raises(AssertionError):
        check_junit(xml.fromstring(wrong))


def test_junit_keeps_the_schema_and_counts_right(record):
    root = xml.fromstring(told(record, "junit"))
    assert root.tag == "testsuites"
    check_junit(root)
    suite = root.find("testsuite")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
    cases = suite.findall("testcase")
    assert int(suite.get("tests")) == len(cases) == 8
    for kind, attribute, count in (("failure", "failures", 1), ("error", "errors", 1), ("skipped", "skipped", 2)):
        assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{kind}")) == count
    assert suite.find("testcase/failure").get("message").startswith("+7.0 % worse")
    assert suite.find("testcase/error").get("message") == "the head fails: " + NASTY
    assert all(c.get("classname") for c in cases)
    assert len({(c.get("classname"), c.get("name")) for c in cases}) == len(cases)


def test_github_annotations_are_escaped_and_nine_at_most(record, tmp_path):
    lines = told(record, "github").splitlines()
    for line in lines:
        command, properties, _ = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line).groups()
        assert re.fullmatch(r"title=([^,%]|%[0-9A-F]{2})*", properties), properties
    assert lines[0] == ("::error title=REGRESSED echo/boat/size%3A2/connections%3A2/workers%3A1::"
                        "server_cpu_ns_per_op: +7.0 %25 worse (+5.1 to +9.0), 20 pairs")
    many = write_record(tmp_path / "many.jsonl", [cell(i, "REGRESSED") for i in range(12)], [])
    errors = [line for line in told(many, "github").splitlines() if line.startswith("::error title=REGRESSED")]
    assert len(errors) == 10 and errors[-1] == "::error title=REGRESSED::and 3 more"


def test_github_gets_the_summary_too(record, tmp_path):
    page = tmp_path / "summary.md"
    page.write_text("what was there\n")
    told(record, "github", env={**os.environ, "GITHUB_STEP_SUMMARY": str(page)})
    assert page.read_text() == "what was there\n" + told(record, "markdown")


class Page(html.parser.HTMLParser):
    """The text of a page's headings, and the cells of its tables' rows."""
    def __init__(self, text):
        super().__init__()
        self.headings, self.rows, self.open = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td", "h2"):
            self.open = ""

    def handle_data(self, data):
        if self.open is not None:
            self.open += data

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self.rows[-1].append(self.open)
        if tag == "h2":
            self.headings.append(self.open)
        if tag in ("th", "td", "h2"):
            self.open = None


def rendered(text):
    """HTML by cmark-gfm, else by python3-markdown, which leaves tables within <details> alone."""
    program = os.environ.get("REGATTA_CMARK_GFM") or shutil.which("cmark-gfm")
    if program:
        done = subprocess.run([program, "--extension", "table", "--unsafe"], input=text, capture_output=True, text=True,
                              timeout=LONG_ENOUGH_S, check=True)
        return done.stdout, 7
    if importlib.util.find_spec("markdown"):
        import markdown
        return markdown.markdown(text, extensions=["tables"]), 5
    pytest.skip("neither cmark-gfm nor python3-markdown is installed")


def test_markdown_says_the_verdict_first(record):
    text = told(record, "markdown")
    assert text.splitlines()[:2] == ["<!-- regatta-gate -->", "## REGRESSED"]
    assert f"- {name_of(0)}: 0 trials of the base and 2 of the head failed, last: it sank" in text
    assert "echo/ship/size:1: only on the head; not compared" in text and "Base main, head new." in text


def test_markdown_is_rendered_as_meant(record):
    html_text, rows_seen = rendered(told(record, "markdown"))
    page = Page(html_text)
    assert page.headings == ["REGRESSED"]
    body = [row for row in page.rows if row[0] != "verdict"]
    assert len(body) == rows_seen
    assert all(len(row) == len(page.rows[0]) == 9 for row in page.rows)
    assert body[0][0] == "REGRESSED" and body[0][5:7] == ["+7.0", "+5.1 to +9.0"]


def test_compare_py_reads_both_sides(record, tmp_path):
    sides = [tmp_path / f"{side}.json" for side in ("base", "head")]
    for side in sides:
        side.write_text(told(record, f"gbench-{side.stem}"))
    shown = compared_by_google_benchmark(*sides)
    row = re.search(rf"^{re.escape(name_of(1))}\s+(\S+)\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$", shown, re.M)
    assert row, shown
    time, cpu, old, new, old_cpu, new_cpu = map(float, row.groups())
    assert cpu == pytest.approx(0.07, abs=0.001) and (old_cpu, new_cpu) == (1000, 1070)


def test_reports_go_to_files(record, tmp_path):
    files = {form: tmp_path / f"out.{form}" for form in ("markdown", "junit", "json")}
    done = regatta("gate", "--from", record, *[f"--report={form}={file}" for form, file in files.items()])
    assert (done.returncode, done.stdout) == (1, "")
    for form, file in files.items():
        assert file.read_text() == told(record, form)
    done = regatta("gate", "--from", record, "--report", f"junit={tmp_path}/none/out.xml")
    assert done.returncode == 5 and "cannot write" in done.stderr
