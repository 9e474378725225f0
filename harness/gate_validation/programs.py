"""The calls of `regatta`, and the neighbour: the only file that knows their command lines and outputs."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from plan import Plan, Run

# The metric of the gate's verdicts that the truth is about.
CPU_METRIC = "server_cpu_ns_per_op"
# Statuses with which the gate has done its work.
GATE_HAS_JUDGED = {0, 1, 3, 4}


class ProgramError(Exception):
    """A program did not do what it should; one line."""


def _call(command: list[str], timeout_s: float) -> subprocess.CompletedProcess:
    """Runs it to its end, in no case longer. It dies with this program: they share a process group."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise ProgramError(f"{command[1]} did not end within {timeout_s:.0f} s") from error
    except OSError as error:
        raise ProgramError(f"cannot run {command[0]}: {error.strerror}") from error


def plain_name(benchmark: str) -> str:
    """Without what is injected."""
    return benchmark.split("/inject:")[0]


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["nothing said"])[-1]


def run_gate(build: Path, plan: Plan, run: Run) -> dict:
    """One run of the gate, the build against itself, the head slowed as the run says: what is kept of it."""
    budget_s = plan.content["gate"]["budget_s"]
    with tempfile.TemporaryDirectory(prefix="regatta-gate-") as folder:
        report = Path(folder, "gate.json")
        command = [str(build / "regatta"), "gate", plan.benchmarks, "--base", str(build), "--head", str(build),
                   "--measure-identical", "--budget", str(budget_s), "--seed", str(run.seed), "--metrics",
                   ",".join(plan.content["gate"]["metrics"]), "--quiet", "--out", str(Path(folder, "trials.jsonl")),
                   "--report", f"json={report}"]
        if run.inject:
            command += ["--inject", run.inject]
        begin = time.monotonic()
        done = _call(command, 3 * budget_s + 300)
        elapsed_s = time.monotonic() - begin
        if done.returncode not in GATE_HAS_JUDGED or not report.exists():
            raise ProgramError(f"gate ended with {done.returncode}: {last_line(done.stderr)}")
        told = json.loads(report.read_text())
    kept = ("metric", "verdict", "worsening", "worsening_low", "worsening_high", "pairs")
    cells = [{"benchmark": plain_name(cell["benchmark"])} | {key: cell.get(key) for key in kept} for cell in told["cells"]]
    return {"exit_status": done.returncode, "verdict": told["summary"]["verdict"], "elapsed_s": round(elapsed_s, 1),
            "cells": cells}


def cpu_per_request(build: Path, benchmarks: str, inject: str, measure_s: float, seed: int) -> dict[str, float]:
    """CPU time per request in ns of one long trial of each benchmark, by its name without the injection."""
    with tempfile.TemporaryDirectory(prefix="regatta-truth-") as folder:
        out = Path(folder, "trials.jsonl")
        command = [str(build / "regatta"), "run", benchmarks, "--rounds", "1", "--measure", str(measure_s), "--placement",
                   "same-core", "--seed", str(seed), "--quiet", "--no-loop-lag", "--out", str(out)]
        if inject:
            command += ["--inject", inject]
        done = _call(command, 600 + 100 * measure_s)
        if not out.exists():
            raise ProgramError(f"run ended with {done.returncode}: {last_line(done.stderr)}")
        records = [json.loads(line) for line in out.read_text().splitlines()]
    return {plain_name(record["benchmark"]): record["metrics"][CPU_METRIC]
            for record in records if record["record"] == "trial" and record["status"] == "ok"}


@contextlib.contextmanager
def neighbour(is_wanted: bool) -> Iterator[None]:
    """A process that keeps one CPU busy, wherever the kernel puts it; it ends with this program."""
    if not is_wanted:
        yield
        return
    # It looks now and then whether its parent is still there.
    work = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100000))"
    busy = subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        busy.kill()
        busy.wait()
