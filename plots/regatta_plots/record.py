"""Reads a results file as harness/record/record_reader.hpp does, line by line; what is large in a
trial is kept in arrays, so that memory stays below the size of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .errors import RecordError
from .histogram import Histogram

SCHEMA = 1
INTERVAL_FIELDS = ("start_ns", "replies", "latency_ns_mean", "latency_ns_p99")
PRINTED_AGAIN = ("frame_overhead", "generator_cost", "runtime_against_native")  # by their --from


@dataclass
class Results:
    """A results file in memory. In `trials`, histograms are Histogram, and `intervals` an array of
    INTERVAL_FIELDS with NaN where the file has null."""

    path: Path
    run: dict = field(default_factory=dict)
    trials: list[dict] = field(default_factory=list)
    memory: list[dict] = field(default_factory=list)  # of `regatta memory`
    verdicts: list[dict] = field(default_factory=list)
    end: dict = field(default_factory=dict)
    truncated: bool = True
    grouped: list | None = None  # the trials by benchmark (summary.py), once somebody asked
    others: list[Results] = field(default_factory=list)  # files taken in: what they say of a run
    filter: str = ""    # the regular expression by which benchmarks were left out; empty: none was
    baseline: str = ""  # the runtime that others are compared with; empty: the project's choice

    def add(self, record: dict) -> None:
        """Takes one record; kinds that no figure shows are passed over."""
        kind = record["record"]
        self.grouped = None
        self.truncated = kind != "end"
        if kind == "run":
            self.run = record
        elif kind == "end":
            self.end = record
        elif kind == "trial":
            self.trials.append(_compact(record))
        elif kind == "memory":
            self.memory.append(_checked_memory(record))
        elif kind == "verdict":
            self.verdicts.append(record)

    @property
    def sources(self) -> list[Results]:
        """Each file: its path, its run and its end."""
        return [self, *self.others]

    @property
    def programs(self) -> list[dict]:
        """The runtimes of all runs, as they describe themselves."""
        return [entry for each in self.sources for entry in each.run.get("runtimes") or []]

    def each_once(self, *keys: str) -> list[str]:
        """What the runs have at `keys`, one in the other: what several share is said once."""
        found = {}
        for source in self.sources:
            value = source.run
            for key in keys:
                value = (value or {}).get(key)
            if value not in (None, ""):
                found[str(value)] = None
        return list(found)

    def take(self, other: Results) -> None:
        """The records of another file, measured on the same machine. Their rounds are never paired
        with those of this one. Raises RecordError for another machine, the same run, or a benchmark
        that stands in both."""
        for known in self.sources:
            _check_together(known, other)
        for own, new in ((self.trials, other.trials), (self.memory, other.memory)):
            known = {each.get("benchmark") for each in own}
            twice = next((name for each in new if (name := each.get("benchmark")) in known), None)
            if twice is None:
                continue
            raise RecordError(f"{other.path}: {twice} stands in an earlier file too; a report has "
                              "one run of it (`regatta compare` shows several)")
        for trial in other.trials:
            trial["run_id"] = other.run.get("run_id") or str(other.path)
        for name in ("trials", "memory", "verdicts"):
            getattr(self, name).extend(getattr(other, name))
        self.others.append(Results(other.path, run=other.run, end=other.end,
                                   truncated=other.truncated))
        self.grouped = None

    def keep(self, expression: str) -> None:
        """Leaves out the benchmarks whose name does not match; throws re.error."""
        wanted = re.compile(expression).search
        self.filter = expression
        self.grouped = None
        for records in (self.trials, self.memory, self.verdicts):
            records[:] = [each for each in records if wanted(each.get("benchmark", ""))]


def _check_together(known: Results, other: Results) -> None:
    """Raises RecordError where a page about both would be wrong."""
    if known.run.get("run_id") and known.run["run_id"] == other.run.get("run_id"):
        raise RecordError(f"{other.path}: run {other.run['run_id']} was given already; "
                          "name each run once")
    machines = [(each.run.get("machine") or {}).get("fingerprint") for each in (known, other)]
    if machines[0] != machines[1]:
        raise RecordError(f"{other.path}: was measured on another machine than {known.path}; "
                          "a report is of one")


def read_together(paths: Sequence[str | Path]) -> Results:
    """Several files of one machine as one."""
    results = read(paths[0])
    for path in paths[1:]:
        results.take(read(path))
    return results


def read(path: str | Path) -> Results:
    """The whole file; a missing end or a last line cut short makes it truncated, not wrong."""
    path = Path(path)
    results = Results(path)
    first: dict | None = None
    has_audit = False
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                record = _parse(path, number, line)
                first = first or record
                if record is not None:
                    _add(results, record)
                    has_audit |= record["record"] == "audit"
                if number == 1 and record is None:
                    raise RecordError(f"{path}:1: is not a record of a results file")
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{path} is not a results file: it is not UTF-8 text") from error
    if not results.run and not results.trials:
        raise RecordError(f"{path}:1: {_what_it_is(first, path)}")
    if has_audit and not results.trials:
        raise RecordError(f"{path}: holds no trials but an audit: `regatta audit --from {path}` "
                          "prints it")
    return results


def _what_it_is(first: dict | None, path: Path) -> str:
    """What a file without a run has in its place, and who prints that."""
    if first is None:
        return "is empty: not a results file"
    if first["record"] != "micro":
        return f"is no `run` record but `{first['record']}`: not a results file"
    program = first.get("program")
    told = f"is no `run` record but that of the micro-benchmark {program}"
    return told + (f": `{program} --from {path}` prints it" if program in PRINTED_AGAIN else "")


def _parse(path: Path, number: int, line: str) -> dict | None:
    """The record, or None for a last line that was cut short."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        if not line.endswith("\n") and number > 1:
            return None
        record = None
    if not isinstance(record, dict) or not isinstance(record.get("record"), str):
        raise RecordError(
            f"{path}:{number}: is not a record of a results file (see results/FORMAT.md)")
    if record.get("schema") != SCHEMA:
        raise RecordError(f"{path}:{number}: has schema {json.dumps(record.get('schema'))}, "
                          f"and this program reads schema {SCHEMA}")
    return record


def _add(results: Results, record: dict) -> None:
    try:
        results.add(record)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RecordError(f"{results.path}: {record['record']} {record.get('trial')}: "
                          f"lacks or misuses {error}") from error


def _checked_memory(record: dict) -> dict:
    """The record, if it has what tables and figures need; else a KeyError or TypeError says
    what."""
    for field_ in ("benchmark", "runtime", "connections", "status"):
        record[field_]
    if record["status"] == "ok":
        record["reading"]["pss_bytes"]
    return record


def _compact(trial: dict) -> dict:
    """The trial with arrays for its lists of numbers, and without the series that nothing shows."""
    for holder, key in ((trial, "latency"), (trial.get("apart"), "others"),
                        ((trial.get("job") or {}).get("samples"), "histogram"),
                        *((trial.get("open_loop"), part)
                          for part in ("service", "lag", "own_lag"))):
        if holder and holder.get(key):
            holder[key] = Histogram.from_json(holder[key])
    if trial.get("intervals"):
        trial["intervals"] = np.array(
            [[np.nan if each[name] is None else each[name] for name in INTERVAL_FIELDS]
             for each in trial["intervals"]], dtype=float)
    trial.pop("memory_series", None)
    if threads := (trial.get("server") or {}).get("threads"):
        threads.pop("each", None)
    return trial
