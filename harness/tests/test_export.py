"""export as a program: HdrHistogram's own reader and Google Benchmark's agree with the record."""
import csv
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from harness_fixtures import one_line, regatta

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "plots" / "tests"))
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "plots"))
synthetic = pytest.importorskip("synthetic")  # needs numpy

JAR = pathlib.Path("/usr/share/java/hdrhistogram.jar")
BUCKET_WIDTH = 1 / 128  # of a value


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return synthetic.write(tmp_path_factory.mktemp("results") / "whole.jsonl",
                           synthetic.run(["thread", "asio"], [1, 50], samples=5_000))


def exported(results, *words):
    done = regatta("export", results, *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def merged_counts(results, benchmark):
    counts = {}
    for record in map(json.loads, results.read_text().splitlines()):
        if record.get("benchmark") == benchmark:
            for index, count in record["latency"]["counts"]:
                counts[index] = counts.get(index, 0) + count
    return counts


def middle(index):
    exponent = max((index >> 7) - 1, 0)
    return index if index < 128 else (((index & 127) + 128) << exponent) + ((1 << exponent) >> 1)


def percentile_rows(text):
    """(value, percentile, total count) of each line of a percentile distribution."""
    return [tuple(float(word) for word in line.split()[:3])
            for line in text.splitlines() if re.match(r"\s*[0-9.]+ [01]\.[0-9]{12} ", line)]


def processed_by_java(log, *words):
    if shutil.which("java") is None or not JAR.exists():
        pytest.skip("needs java and Debian's libhdrhistogram-java")
    done = subprocess.run(["java", "-cp", JAR, "org.HdrHistogram.HistogramLogProcessor", "-i", log,
                           "-outputValueUnitRatio", "1", *words],
                          capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_java_reads_the_log_with_the_same_counts(results, tmp_path):
    log = tmp_path / "all.hlog"
    exported(results, "--format", "hlog", "--out", log)
    for runtime in ("thread", "asio"):
        benchmark = f"echo/{runtime}/size:64/connections:50/workers:1"
        rows = percentile_rows(processed_by_java(log, "-tag", benchmark))
        counts = merged_counts(results, benchmark)
        assert rows[-1][2] == sum(counts.values()) == 15_000
        for value, _, total in rows:
            covered = {index: n for index, n in counts.items() if middle(index) <= value}
            assert sum(covered.values()) == total
            assert value == pytest.approx(middle(max(covered)), rel=BUCKET_WIDTH)


def test_percentiles_are_those_that_java_prints(results, tmp_path):
    wanted = ["--filter", "^echo/asio/.*connections:1/"]
    log = tmp_path / "one.hlog"
    exported(results, "--format", "hlog", *wanted, "--out", log)
    ours = percentile_rows(exported(results, "--format", "hgrm", *wanted))
    java = percentile_rows(processed_by_java(log))
    assert len(ours) == len(java) > 50
    for (value, *rest), (java_value, *java_rest) in zip(ours, java):
        # Java rounds the last of 12 decimals half up.
        assert rest == pytest.approx(java_rest, abs=2e-12)
        assert value * 1e6 == pytest.approx(java_value, abs=0.6)


def test_csv_has_a_row_for_each_trial(results):
    rows = list(csv.DictReader(io.StringIO(exported(results, "--format", "csv"))))
    trials = [r for r in map(json.loads, results.read_text().splitlines())
              if r["record"] == "trial"]
    assert len(rows) == len(trials)
    for row, trial in zip(rows, trials):
        assert row["benchmark"] == trial["benchmark"]
        for group in ("params", "metrics"):
            for name, value in trial[group].items():
                cell = row[f"{group}.{name}"]
                assert cell == "" if value is None else float(cell) == value


def test_google_benchmark_entries_are_comparable(results):
    whole = json.loads(exported(results, "--format", "gbench"),
                       parse_constant=lambda word: pytest.fail(word))
    assert whole["context"]["num_cpus"] == 2
    assert len(whole["benchmarks"]) == 18
    for entry in whole["benchmarks"]:
        assert entry["real_time"] > 0 and entry["cpu_time"] > 0 and entry["time_unit"] == "ns"
        assert entry["run_type"] == "iteration" and entry["repetitions"] == 3


def test_a_folder_gets_a_file_for_each_benchmark(results, tmp_path):
    out = exported(results, "--format", "hgrm", "--filter", "^echo", "--out", f"{tmp_path}/new/")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        f"echo_{runtime}_size-64_connections-{count}_workers-1.hgrm"
        for runtime in ("asio", "thread") for count in (1, 50)]
    assert all(pathlib.Path(line).is_file() for line in out.splitlines())


def test_refuses_in_one_line(results, tmp_path):
    def refusal(*words, status):
        done = regatta("export", *words)
        assert (done.returncode, done.stdout) == (status, ""), done.stderr
        return one_line(done.stderr)

    assert "choose from hgrm, " in refusal(results, "--format", "hgrn", status=2)
    assert "6 were chosen; give --out DIR/" in refusal(results, "--format", "hgrm", status=2)
    assert "matches no benchmark" in refusal(results, "--format", "csv", "--filter", "zz", status=2)
    assert "--format" in refusal(results, status=2)
    assert "cannot read" in refusal(tmp_path / "none", "--format", "csv", status=1)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"record":"run","schema":1}\n{"record":"trial","schema":1,"trial":4,'
                      '"status":"ok","benchmark":7}\n{"record":"end","schema":1}\n')
    assert "broken.jsonl: trial 4 is not as results/FORMAT.md says" in refusal(
        broken, "--format", "csv", status=1)
    assert "is not as results/FORMAT.md says" in refusal(
        broken, "--format", "csv", "--filter", "x", status=1)
    assert "cannot write" in refusal(results, "--format", "csv", "--out", tmp_path / "a" / "b",
                                     status=1)
