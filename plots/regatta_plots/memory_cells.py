"""The table of memory per connection or task, for the page and the Markdown summary."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .cells import Cell
from .figures.memory_per_connection import PARTS, grouped, points_of
from .record import Results
from .stats import fit_line
from .words import ABSENT

TITLES = [("runtime", False), ("KiB for each", True), ("95 % interval", True), ("user KiB", True),
          ("page tables KiB", True), ("kernel stacks KiB", True), ("sockets, both ends KiB", True),
          ("MiB at 0", True), ("counts", False), ("trials", True)]
LEGEND = ("Slopes of lines by least squares through all ok trials, with Student's t for the "
          "interval; the first is the sum of user memory (PSS), page tables and kernel stacks of "
          "the server. Sockets are counted over the whole machine and belong to no process. n/a: fewer "
          "than three counts, or not read.")
_SOCKETS = ("socket_bytes", "socket_buffer_bytes")


def _slope(records: Sequence[dict], parts: Sequence[str]) -> Cell:
    points = points_of(records, parts)
    line = fit_line(points) if len({x for x, _ in points}) >= 3 else None
    return Cell(ABSENT, math.nan) if line is None else Cell(f"{line.slope / 1024:,.2f}", line.slope)


def _row(label: str, records: Sequence[dict]) -> list[Cell]:
    ok = [each for each in records if each["status"] == "ok"]
    counts = sorted({each["connections"] for each in ok})
    line = fit_line(points_of(ok, PARTS)) if len(counts) >= 3 else None
    whole = _slope(ok, list(PARTS))
    span = Cell(ABSENT, math.nan) if line is None else \
        Cell(f"{line.low / 1024:,.2f}-{line.high / 1024:,.2f}", line.low)
    at_0 = Cell(ABSENT, math.nan) if line is None else \
        Cell(f"{line.intercept / 2**20:,.2f}", line.intercept)
    return [Cell(label), whole, span, *(_slope(ok, [part]) for part in PARTS), _slope(ok, _SOCKETS),
            at_0, Cell(", ".join(f"{count:,}" for count in counts) or ABSENT),
            Cell(f"{len(ok)}/{len(records)}", len(ok))]


def tables(results: Results) -> dict[str, list[list[Cell]]]:
    """By group, a row for each label."""
    return {group: [_row(label, records) for (label, _), records in members.items()]
            for group, members in grouped(results).items()}
