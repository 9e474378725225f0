"""The calls of `regatta`, and the neighbour: the only file that knows their command lines and outputs."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Origin:
    """What judged, where, and by which rule: as the results have it."""

    regatta: dict  # version, commit, compiler and flags, SHA-256 of the program and of the load generator
    runtimes: list[dict]  # name and sha256 of each program
    machine: dict
    rule: dict | None  # None: told by no gate

    def differences(self, other: Origin) -> list[str]:
        """In what another is not the same, in words; [] for the same programs on the same machine."""
        hashes = ("sha256", "generator_sha256")
        pairs = {"regatta": [[one.regatta.get(key) for key in hashes] for one in (self, other)],
                 "the runtimes": [self.runtimes, other.runtimes],
                 "the machine": [[one.machine.get(key) for key in ("fingerprint", "kernel")] for one in (self, other)],
                 "the rule": [self.rule, other.rule] if self.rule and other.rule else [None, None]}
        return [name for name, (one, another) in pairs.items() if one != another]


def _origin(run: dict, summary: dict | None) -> Origin:
    """From the run record of any verb, and what the gate told of its rule."""
    hashes = {each["name"]: each["sha256"] for each in run["runtimes"]}
    rule = summary and {"cells": summary["cells"], "tolerance": [each["tolerance"] for each in run["gate"]["metrics"]],
                        **{key: summary[key] for key in ("looks", "ok_levels", "strict_levels")}}
    return Origin(run["regatta"], [{"name": name, "sha256": hashes[name]} for name in sorted(hashes)], run["machine"], rule)


def _call_gate(build: Path, plan: Plan, seed: int, budget_s: int, inject: str) -> tuple[int, dict, float]:
    """The gate on the build and itself, the head slowed: its exit status, its report and the seconds it took."""
    with tempfile.TemporaryDirectory(prefix="regatta-gate-") as folder:
        report = Path(folder, "gate.json")
        command = [str(build / "regatta"), "gate", plan.benchmarks, "--base", str(build), "--head", str(build),
                   "--measure-identical", "--budget", str(budget_s), "--seed", str(seed), "--metrics",
                   ",".join(plan.content["gate"]["metrics"]), "--quiet", "--out", str(Path(folder, "trials.jsonl")),
                   "--report", f"json={report}"]
        if inject:
            command += ["--inject", inject]
        begin = time.monotonic()
        done = _call(command, 3 * budget_s + 300)
        elapsed_s = time.monotonic() - begin
        if done.returncode not in GATE_HAS_JUDGED or not report.exists():
            raise ProgramError(f"gate ended with {done.returncode}: {last_line(done.stderr)}")
        return done.returncode, json.loads(report.read_text()), elapsed_s


def look_at(build: Path, plan: Plan) -> Origin:
    """What the build and the machine are now: by a gate that has no time to come to a verdict."""
    _, told, _ = _call_gate(build, plan, plan.content["seed"], 1, "")
    return _origin(told["run"], told["summary"])


def run_gate(build: Path, plan: Plan, run: Run) -> tuple[Origin, dict]:
    """One run of the gate as the plan has it: by what it was judged, and what is kept of it."""
    status, told, elapsed_s = _call_gate(build, plan, run.seed, plan.content["gate"]["budget_s"], run.inject)
    kept = ("metric", "verdict", "worsening", "worsening_low", "worsening_high", "pairs")
    cells = [{"benchmark": plain_name(cell["benchmark"])} | {key: cell.get(key) for key in kept} for cell in told["cells"]]
    rule = None if told["summary"].get("not_measured") else told["summary"]  # then there are fewer cells than levels are for
    return _origin(told["run"], rule), {
        "exit_status": status, "verdict": told["summary"]["verdict"], "elapsed_s": round(elapsed_s, 1),
        "commit": told["run"]["regatta"]["commit"], "cells": cells}


def cpu_per_request(build: Path, benchmarks: str, inject: str, measure_s: float, seed: int) -> tuple[Origin, dict[str, float]]:
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
    if not records or records[0]["record"] != "run":
        raise ProgramError(f"run ended with {done.returncode} and nothing on record")
    return _origin(records[0], None), {
        plain_name(record["benchmark"]): record["metrics"][CPU_METRIC]
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
