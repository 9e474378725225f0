"""The page and the summary: what stands in them is what stands in the file."""

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import synthetic

from regatta_plots import cells, headlines, markdown, page, ranking
from regatta_plots.__main__ import main
from regatta_plots.page import markup
from regatta_plots.record import read, read_together
from regatta_plots.summary import Benchmark, benchmarks, by_group


class Parsed(HTMLParser):
    """Tags that must be closed, what is loaded, and the rows of each table."""

    VOID = {"meta", "link", "input", "br"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.loads, self.rows, self.text = [], [], {}, []
        self.table = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.loads += [value for key, value in attributes.items()
                       if key in ("src", "href", "xlink:href") and not value.startswith(("#", "data:,"))]
        if tag == "table":
            self.table = attributes["id"]
            self.rows[self.table] = []
        if tag == "tr":
            self.rows[self.table].append([])
        if tag in ("td", "th"):
            self.rows[self.table][-1].append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[self.table][-1][-1] += data
        if "style" not in self.open and "script" not in self.open:
            self.text.append(data)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    records = synthetic.run(["thread", "epoll", "asio"], [1, 50], everything=True, samples=12_000)
    bad = next(each for each in records if each.get("benchmark") == "echo/asio/size:64/connections:50/workers:1")
    bad.update(status="invalid", reasons=["other programs used 31 % | of <b>CPU</b>"])
    file = synthetic.write(folder / "mine.jsonl", records)
    assert main(["report", str(file), "--out", str(folder / "out")]) == 0
    return folder


def test_page_is_whole_and_loads_nothing(made):
    text = (made / "out/report.html").read_text()
    parsed = Parsed(text)
    assert parsed.open == [] and parsed.loads == []
    assert "url(http" not in text and "@import" not in text
    assert text.count("<svg") >= 10 and text.count('role="img"') == text.count("<svg")
    assert "<b>CPU</b>" not in text and "&lt;b&gt;CPU" in text


def test_rows_are_the_figures_of_the_file(made):
    results = read(made / "mine.jsonl")
    rows = Parsed((made / "out/report.html").read_text()).rows["benchmarks"]
    title = {name: place for place, name in enumerate(rows[0])}
    named = {(row[0], row[1], row[2]): row for row in rows[1:]}
    row = named["epoll", "echo", "size:64 connections:50 workers:1"]
    rates = [t["metrics"]["throughput_per_s"] for t in results.trials
             if t["benchmark"] == "echo/epoll/size:64/connections:50/workers:1"]
    assert row[title["rate /s"]] == f"{np.median(rates):,.0f}" and row[title["trials"]] == "3/3"
    assert row[title["times baseline"]] == "1"
    lost = named["asio", "echo", "size:64 connections:50 workers:1"]
    assert lost[title["trials"]] == "2/3" and lost[title["note"]] == "1 invalid"
    assert len(rows) - 1 == len(benchmarks(results))


def test_every_trial_is_told_with_its_reason(made):
    rows = Parsed((made / "out/report.html").read_text()).rows["trials"]
    assert len(rows) - 1 == len(read(made / "mine.jsonl").trials)
    [bad] = [row for row in rows if "invalid" in row]
    assert "other programs used 31 % | of <b>CPU</b>" in bad


def test_the_record_is_in_the_page(made):
    text = (made / "out/report.html").read_text()
    carried = re.search(r'id="raw-data">([^<]*)<', text).group(1)
    assert gzip.decompress(base64.b64decode(carried)) == (made / "mine.jsonl").read_bytes()


def test_a_record_too_large_is_named_and_not_carried(made, monkeypatch):
    monkeypatch.setattr(page.raw, "EMBEDDED_BYTES_MAX", 1000)
    text = page.raw.section(read(made / "mine.jsonl"))
    assert "not in this page" in text and 'id="raw-data"' not in text and 'id="trials-csv"' in text


def test_what_is_needed_to_repeat_it_is_told(made):
    for name in ("report.html", "report.md"):
        text = (made / "out" / name).read_text()
        for word in ("regatta run synthetic", synthetic.BUILD["commit"], "SYNTHETIC TEST DATA"):
            assert word in text


@pytest.fixture(scope="module")
def two_files(tmp_path_factory):
    """What `run` measured, and what `memory` did, on one machine."""
    folder = tmp_path_factory.mktemp("two")
    everything = synthetic.run(["thread", "epoll", "asio"], [1, 50], rounds=5, everything=True, samples=10_000)
    for name, kind in (("run", "trial"), ("memory", "memory")):
        records = [json.loads(json.dumps(each)) for each in everything if each["record"] in (kind, "run", "end")]
        records[0] |= {"run_id": f"{name}-1", "argv": ["regatta", name]}
        synthetic.write(folder / f"{name}.jsonl", records)
    return folder / "run.jsonl", folder / "memory.jsonl"


def test_two_files_make_one_page(two_files, tmp_path):
    assert main(["report", *map(str, two_files), "--out", str(tmp_path)]) == 0
    for name in ("report.html", "report.md"):
        text = (tmp_path / name).read_text()
        assert "Regatta runs run-1 and memory-1" in text and "run.jsonl" in text and "memory.jsonl" in text
        assert "At 50 connections, echo" in text and "What one more idle connection or task costs the server" in text
        assert "regatta run" in text and "regatta memory" in text
    page_ = (tmp_path / "report.html").read_text()
    for identity, file in (("raw-data", two_files[0]), ("raw-data2", two_files[1])):
        carried = re.search(rf'id="{identity}">([^<]*)<', page_).group(1)
        assert gzip.decompress(base64.b64decode(carried)) == file.read_bytes()
    assert Parsed(page_).open == []
    identities = re.findall(r'\bid="?([^" >]+)', page_)
    assert not {name for name in identities if name.startswith(("programs", "raw")) and identities.count(name) > 1}
    footer = (tmp_path / "memory_per_connection.svg").read_text()
    assert "run run-1 and memory-1" in footer


def test_rounds_of_two_files_are_never_paired(two_files, tmp_path):
    lines = [json.loads(line) for line in two_files[0].read_text().splitlines()]
    paths = []
    for number, runtime in enumerate(("thread", "asio")):
        own = [each for each in lines if each.get("runtime", runtime) == runtime]
        own[0] = own[0] | {"run_id": f"run-{number}"}
        paths.append(synthetic.write(tmp_path / f"{runtime}.jsonl", own))
    results = read_together(paths)
    one, other = [each for each in benchmarks(results) if each.group == "echo/size:64/connections:50/workers:1"]
    assert len(one.by_round("throughput_per_s")) == len(other.by_round("throughput_per_s")) == 5
    assert ranking.ratio(one, other, "throughput_per_s") is None
    assert not ranking.are_apart(one, other, "throughput_per_s")


@pytest.mark.parametrize(("change", "complaint"), [
    ({"run_id": "run-1"}, "run run-1 was given already"),
    ({"machine": {"fingerprint": "0001"}}, "measured on another machine than"),
    ({"run_id": "run-2"}, "stands in an earlier file too")])
def test_files_that_make_no_page_are_refused(two_files, tmp_path, capsys, change, complaint):
    lines = [json.loads(line) for line in two_files[0].read_text().splitlines()]
    lines[0] |= {"run_id": "run-2"} | change
    second = synthetic.write(tmp_path / "second.jsonl", lines)
    assert main(["report", str(two_files[0]), str(second), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert complaint in said and "second.jsonl" in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_truncated_file_among_two_is_named(two_files, tmp_path):
    cut = tmp_path / "memory.jsonl"
    cut.write_text("".join(two_files[1].read_text().splitlines(keepends=True)[:-1]))
    assert main(["report", str(two_files[0]), str(cut), "--out", str(tmp_path / "out")]) == 0
    assert "memory.jsonl: truncated: the run did not end" in (tmp_path / "out/report.md").read_text()


def test_intervals_stay_on_one_line_and_remarks_have_room():
    assert markup.unbroken("thread 0.48 (0.44-0.53); 1,200-1,300 & a uring-like 7-9") == \
        "thread 0.48 (<span class=i>0.44-0.53</span>); <span class=i>1,200-1,300</span> &amp; a uring-like " \
        "<span class=i>7-9</span>"
    assert markup.cell(cells.Cell("server-bound"), False) == "<td class=p>server-bound</td>"
    assert markup.cell(cells.Cell("the generator was busy 98 % of the time"), False).startswith("<td class=w>")


def test_a_filtered_report_says_so(made, tmp_path):
    assert main(["report", str(made / "mine.jsonl"), "--out", str(tmp_path), "--filter", "^hash/|^echo/asio"]) == 0
    for name in ("report.html", "report.md", "cpu_per_request.svg"):
        text = (tmp_path / name).read_text()
        assert "^hash/|^echo/asio" in text and "delay" not in text
    assert "--filter &#x27;^hash/|^echo/asio&#x27;" in (tmp_path / "report.html").read_text()


REFERENCE = Path(__file__).parents[2] / "results/reference"


@pytest.mark.parametrize("name", ["smoke", "memory", "search", "noise"])
def test_reference_runs_have_a_verdict_and_a_page(name):
    results = read(REFERENCE / f"{name}.jsonl")
    said = headlines.headlines(results)
    assert said
    base = "epoll" if results.trials else ""
    parsed = Parsed(page.render(results, said, [], [], base))
    assert parsed.open == [] and results.run["run_id"] in "".join(parsed.text)
    assert f"# Regatta run {results.run['run_id']}" in markdown.render(results, said, [], [], base)


def test_summary_is_valid_markdown(made):
    lines = (made / "out/report.md").read_text().splitlines()
    for before, line in zip(lines, lines[1:]):
        if re.fullmatch(r"\|( :?-+:? \|)+", line):
            assert before.count("|") - before.count("\\|") == line.count("|")
        elif line.startswith("|") and before.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == len(re.findall(r"(?<!\\)\|", before))
    assert sum(line.startswith("![") for line in lines) >= 10
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", "\n".join(lines)):
        assert (made / "out" / picture).stat().st_size > 1000


def test_markdown_escapes_cells():
    text = markdown.table([("a", False), ("b", True)], [["x|y\nz", "1"], ["é", "22"]])
    assert text == "| a      |  b |\n| :----- | -: |\n| x\\|y z |  1 |\n| é      | 22 |\n"


def test_unanswered_requests_are_in_the_percentiles(results_of):
    records = synthetic.run(["asio"], [50], 1, everything=True, workloads=())
    for record in records:
        if record.get("mode") == "open":
            record["open_loop"] |= {"censored": 10_000, "censored_ns_min": 2 * 10**9}
    [rivals, *_] = by_group((b for b in benchmarks(results_of(records)) if b.mode == "open"),
                            Benchmark.conditions).values()
    found = {fraction: cells.percentile(rivals[0], fraction).text for fraction in (0.5, 0.9, 0.99)}
    assert found[0.99] == found[0.9] == ">2,000,000"
    answered = rivals[0].merged()
    assert found[0.5] == f"{answered.value_of_rank(15_000) / 1e3:,.0f}"


def test_an_open_loop_has_the_interval_of_what_ranks_it_and_where_its_time_went(four):
    titles = [column.title for column in cells.COLUMNS]

    def row_of(mode):
        rivals = [each for each in benchmarks(four) if each.mode == mode]
        [(own, row), *_] = cells.rows_of(rivals[:1], "epoll")
        return own, dict(zip(titles, (each.text for each in row)))

    own, opened = row_of("open")
    assert opened["95 % interval /s"] == ""
    assert opened["95 % interval p99 µs"] == cells.span(own.estimate("latency_ns_p99"), "latency_ns_p99")
    p99 = {part: cells.Histogram.merged(trial["open_loop"][part] for trial in own.trials).values_at([0.99])[0]
           for part in ("service", "own_lag")}
    assert opened["service p99 µs"] == cells.quantity(p99["service"], "latency_ns")
    assert opened["own lag p99 µs"] == cells.quantity(p99["own_lag"], "latency_ns")
    factor = cells.percentile(own, 0.99).value / p99["service"]
    assert opened["omission"] == f"{factor:,.{cells.decimals_for(factor)}f}"
    own, closed = row_of("closed")
    assert closed["95 % interval p99 µs"] == closed["service p99 µs"] == closed["omission"] == ""
    assert closed["CPU µs/op"].endswith(f"({cells.span(own.estimate('server_cpu_ns_per_op'), 'server_cpu_ns_per_op')})")


def test_trials_of_different_ways_between_the_cpus_are_counted():
    trials = [{"status": status, "cache_distance": state and {"state": state}}
              for status, state in (("ok", "near"), ("ok", "near"), ("ok", None), ("invalid", "far"))]
    assert cells.cache_states_line(trials) == ""
    trials[3]["status"] = "ok"
    assert "not the same in all trials (1 far, 2 near)" in cells.cache_states_line(trials)


def test_remarks_alike_but_for_figures_are_one():
    trials = [{"benchmark": f"b{n}", "status": "ok", "warnings": [f"used {n * 7}.{n} % of it"]} for n in (1, 22)]
    trials.append({"benchmark": "c", "status": "failed", "reasons": ["it died"]})
    assert cells.remarks(trials) == [("failed", "it died", 1, ["c"]),
                                     ("warning", "used 7.1 % of it", 2, ["b1", "b22"])]


def claims_file(tmp_path, *claims):
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(claims))
    return path


def test_claims_are_shown_with_verdict_ratio_and_interval(tmp_path):
    path = claims_file(tmp_path, {"says": "c", "outcome": "not measured", "reason": "no trial", "interval": None},
                       {"says": "a beats <b>", "outcome": "refuted", "measured": "x 0.90",
                        "interval": "x 0.85 to x 0.95", "expected": "at least x 1", "on": "asio", "rounds": 3})
    claims = page.claims_.read(path)
    rows = Parsed(f"<div>{page.claims_.section(claims)}</div>").rows["claims-table"]
    assert rows[1] == ["a beats <b>", "refuted", "asio", "x 0.90", "x 0.85 to x 0.95", "at least x 1", "3", ""]
    assert rows[2][3:5] == ["n/a", "n/a"] and rows[2][-1] == "no trial"
    assert page.claims_.total(claims) == "1 refuted, 1 not measured."


@pytest.mark.parametrize(("content", "complaint"), [
    ("{", "is not JSON"), ("{}", "is not an array"), ('[{"says": "x"}]', "claim 1: needs")])
def test_claims_that_are_none_are_refused(tmp_path, capsys, four_file, content, complaint):
    path = tmp_path / "claims.json"
    path.write_text(content)
    assert main(["report", str(four_file), "--out", str(tmp_path), "--claims", str(path)]) == 1
    assert complaint in capsys.readouterr().err


def test_a_truncated_run_and_one_without_trials_have_a_report(made, tmp_path):
    cut = tmp_path / "cut.jsonl"
    whole = (made / "mine.jsonl").read_bytes()
    cut.write_bytes(whole[:len(whole) // 2])
    assert main(["report", str(cut), "--out", str(tmp_path / "cut")]) == 0
    assert "Truncated" in (tmp_path / "cut/report.html").read_text()
    empty = synthetic.write(tmp_path / "empty.jsonl", [{"record": "run", "schema": 1, "run_id": "x"}])
    assert main(["report", str(empty), "--out", str(tmp_path / "empty")]) == 0
    for name in ("report.html", "report.md"):
        text = (tmp_path / "empty" / name).read_text()
        assert "support no comparison" in text and "No trials." in text
        assert "0 trials" not in text and "passed every gate" not in text


def test_every_row_says_who_was_the_bottleneck():
    verdicts = [{"saturation": each} for each in ("server-bound", "latency-bound", "server-bound", None)]

    def said(mode, trials):
        return cells.saturation_of(Benchmark("", "", "", "", "", {}, mode, trials=trials))
    assert said("closed", verdicts[:1]) == "server-bound"
    assert said("closed", verdicts) == "server-bound in 2 of 4, latency-bound in 1 of 4"
    assert said("closed", verdicts[3:]) == "n/a"
    assert said(None, verdicts[3:]) == "-"


def test_errors_of_a_job_are_its_wrong_answers():
    def counted(*trials):
        return cells.errors_of(Benchmark("", "", "", "", "", {}, trials=list(trials)))
    right, wrong = ({"client": None, "metrics": {"error_count": count}} for count in (0, 1))
    assert counted(right, wrong) == {"wrong answer": 1}
    assert counted({"client": None, "metrics": None}) is None
    assert counted({"client": {"errors": {"reset": 2}}, "metrics": {"error_count": 2}}) == {"reset": 2}
