"""`regatta plan`: tables from a coefficient of variation and from the trials of noise and gate."""
import json

import pytest
from harness_fixtures import add_runtime, one_line, regatta


def rows_of(text):
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("|")][2:]


def test_a_larger_change_needs_fewer_pairs():
    done = regatta("plan", "--cv", "3", "--changes", "3,7,10", "--runs", "200")
    assert done.returncode == 0, done.stderr
    assert "### Trials with a coefficient of variation of 3 %: a pair differs by 4.24 %, tolerance 5 %, 20 cells" in done.stdout
    rows = rows_of(done.stdout)
    assert [row[0] for row in rows] == ["3", "7", "10"]
    assert int(rows[0][1]) > int(rows[1][1]) > int(rows[2][1]) >= 2
    assert int(rows[2][2]) >= 98 and rows[2][6] == "20"
    assert done.stdout == regatta("plan", "--cv", "3", "--changes", "3,7,10", "--runs", "200").stdout


def records(tmp_path, verb, trials):
    file = tmp_path / f"{verb}.jsonl"
    lines = [{"record": "run", "schema": 1, "verb": verb}]
    for i, trial in enumerate(trials):
        lines.append({"record": "trial", "schema": 1, "trial": i, "status": "ok", "benchmark": "echo/boat/size:1", **trial})
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def metrics(cpu):
    return {"server_cpu_ns_per_op": cpu, "throughput_per_s": None}


def test_the_noise_is_that_of_the_pairs_in_the_file(tmp_path):
    cpu = [100, 102, 104, 101, 99, 103, 102, 102, 100, 97]
    noise = records(tmp_path, "noise", [{"round": i, "metrics": metrics(c)} for i, c in enumerate(cpu)])
    done = regatta("plan", noise, "--runs", "50")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("###") == 1 and "### echo/boat/size:1, cpu (5 pairs): a pair differs by" in done.stdout
    # The same trials as pairs of a gate, the head slower by a constant: the same noise.
    gate = records(tmp_path, "gate", [
        {"round": i // 2, "side": ["base", "head"][i % 2], "metrics": metrics(c * (1.3 if i % 2 else 1)),
         "benchmark": "echo/boat/size:1" + ("/inject:cpu:30%" if i % 2 else "")} for i, c in enumerate(cpu)])
    assert regatta("plan", gate, "--runs", "50").stdout == done.stdout


def test_what_is_refused(tmp_path):
    def refusal(*words, status=2):
        done = regatta("plan", *words)
        assert done.returncode == status, done.stderr
        return one_line(done.stderr)

    few = records(tmp_path, "noise", [{"round": i, "metrics": metrics(100)} for i in range(6)])
    other = records(tmp_path, "run", [])
    assert "give a file of regatta noise or regatta gate, or --cv" in refusal()
    assert "give a file" in refusal(few, "--cv", "3")
    assert "no benchmark has 4 pairs" in refusal(few, status=1)
    assert "not a file of regatta noise or regatta gate" in refusal(other)
    assert "there is no metric 'speed'" in refusal(few, "--metrics", "speed")
    assert "--metrics and --filter choose from a file" in refusal("--cv", "3", "--metrics", "cpu")
    assert "must be a number" in refusal("--cv", "x")
    assert "cannot read" in refusal(tmp_path / "none", status=1)
