"""The command line: what it writes, what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest
import synthetic

from regatta_plots import figures

PACKAGE = Path(__file__).parents[1]


def call(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "regatta_plots", *map(str, arguments)],
                          cwd=PACKAGE, capture_output=True, text=True, check=False, **options)


def test_all_writes_every_figure_twice_and_the_same_bytes_each_time(four_file, tmp_path):
    done = call("all", four_file, "--out", tmp_path / "a")
    assert (done.returncode, done.stderr) == (0, "")
    expected = {name + suffix for name in figures.in_reports() for suffix in (".svg", ".png")}
    assert {Path(printed).name for printed in done.stdout.splitlines()} == expected
    assert {path.name for path in (tmp_path / "a").iterdir()} == expected
    call("all", four_file, "--out", tmp_path / "b")
    for name in expected:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_text_in_svg_is_text(four_file, tmp_path):
    out = tmp_path / "one.svg"
    assert call("p99_connections", four_file, "-o", out).returncode == 0
    svg = out.read_text()
    for text in ("p99 latency against connections", "SYNTHETIC TEST DATA", "g++ 12.2.0",
                 "commit 0123456789ab", "p99 latency, µs (log scale)", ">uring<"):
        assert text in svg
    assert "<dc:date>" not in svg


def test_all_skips_with_a_line_what_has_no_data(tmp_path):
    path = synthetic.write(tmp_path / "f.jsonl", synthetic.run(["asio"], [50], 1))
    done = call("all", path, "--out", tmp_path)
    assert done.returncode == 0
    assert "p99_connections: skipped: no benchmark with ok trials has latency_ns_p99 for two " \
           "values of connections" in done.stdout.splitlines()


def test_truncated_file_is_drawn_and_said(four_file, tmp_path):
    path = tmp_path / "cut.jsonl"
    path.write_bytes(four_file.read_bytes()[:-500])
    done = call("throughput_connections", path, "-o", tmp_path / "x.png")
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1 and "truncated" in done.stderr
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_list_names_every_figure():
    done = call("--list")
    assert done.returncode == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == figures.names()


@pytest.mark.parametrize(("arguments", "status", "complaint"), [
    ([], 2, "needs a figure"),
    (["all"], 2, "needs a figure"),
    (["all", "FILE"], 2, "all needs --out"),
    (["latency", "FILE", "-o", "x.svg"], 2, "unknown figure 'latency'; choose from coordinated_omission"),
    (["p99_connections", "FILE"], 2, "needs -o"),
    (["p99_connections", "FILE", "-o", "x.pdf"], 2, "end it in .svg or .png"),
    (["p99_connections", "/nonexistent", "-o", "x.svg"], 1, "cannot read /nonexistent"),
    (["p99_connections", "FILE", "-o", "/nonexistent/x.svg"], 1, "cannot write"),
    (["p99_connections", "ONE", "-o", "x.svg"], 1, "two values of connections"),
    (["all", "BAD", "--out", "DIR"], 1, "trial 0: lacks"),
])
def test_refusals_are_one_clear_line(four_file, tmp_path, arguments, status, complaint):
    one = synthetic.write(tmp_path / "one.jsonl", synthetic.run(["asio"], [50], 1))
    records = synthetic.run(["asio"], [50], 1)
    del records[1]["status"]
    bad = synthetic.write(tmp_path / "bad.jsonl", records)
    names = {"FILE": four_file, "ONE": one, "BAD": bad, "DIR": tmp_path / "out"}
    done = call(*[names.get(word, word) for word in arguments])
    assert done.returncode == status
    assert complaint in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
