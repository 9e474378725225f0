"""Reads a results file as harness/record/record_reader.hpp does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from .errors import RecordError

SCHEMA = 1


@dataclass
class Results:
    """A results file in memory."""

    path: Path
    run: dict = field(default_factory=dict)
    trials: list[dict] = field(default_factory=list)
    truncated: bool = True


def read(path: str | Path) -> Results:
    """The whole file; a missing end or a last line cut short makes it truncated, not wrong."""
    path = Path(path)
    results = Results(path)
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                record = _parse(path, number, line)
                if record is not None:
                    _add(results, record)
                if number == 1 and record is None:
                    raise RecordError(f"{path}:1: is not a record of a results file")
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{path} is not a results file: it is not UTF-8 text") from error
    if not results.run and not results.trials:
        raise RecordError(f"{path}:1: is empty: not a results file")
    return results


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
    results.truncated = record["record"] != "end"
    if record["record"] == "run":
        results.run = record
    elif record["record"] == "trial":
        results.trials.append(record)
