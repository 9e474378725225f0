"""The file of results: JSON Lines, the plan first; what is in it is never changed."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from plan import Plan, PlanError

SCHEMA = 1


class Results:
    """Opens the file for one program at a time, makes it when missing, and knows what is in it."""

    def __init__(self, path: Path, plan: Plan) -> None:
        """Raises PlanError where the file belongs to another plan, or another program writes to it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "a+b")  # noqa: SIM115  (open as long as this is)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PlanError(f"{path}: another program is writing to it") from None
        self.records = read(path)
        if not self.records:
            self.append("plan", {"sha256": plan.sha256, "text": plan.text})
        elif self.records[0]["sha256"] != plan.sha256:
            raise PlanError(f"{path}: belongs to another plan; give another --out, or the plan it was begun with")

    def append(self, kind: str, fields: dict) -> None:
        """One line, on disk when this returns. A last line cut short by a crash stays, ended."""
        record = {"record": "gate_validation", "schema": SCHEMA, "kind": kind, **fields}
        end = self._file.seek(0, os.SEEK_END)
        torn = False
        if end:
            self._file.seek(end - 1)
            torn = self._file.read(1) != b"\n"
        self._file.write((b"\n" if torn else b"") + json.dumps(record).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.records.append(record)

    def of(self, kind: str) -> list[dict]:
        return [record for record in self.records if record["kind"] == kind]


def read(path: Path) -> list[dict]:
    """All whole records; lines cut short are left out. Raises PlanError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise PlanError(f"cannot read {path}: {error.strerror}") from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if not isinstance(record, dict) or record.get("record") != "gate_validation" or record.get("schema") != SCHEMA:
            raise PlanError(f"{path}:{number}: is no record of a validation of the gate")
        records.append(record)
    if records and records[0]["kind"] != "plan":
        raise PlanError(f"{path}: does not begin with its plan")
    return records
