"""Claims that were put to the test, as `regatta claims FILE --json` judges them: confirmed,
refuted, or it cannot be told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ..errors import RecordError
from .markup import table, text, tools

OUTCOMES = {"confirmed": "good", "refuted": "bad", "cannot be told": "soft", "not measured": "soft"}
TITLES = [("claim", False), ("verdict", False), ("on", False), ("measured", True),
          ("95 % interval", True), ("expected", False), ("rounds", True), ("why", False)]
SENTENCES = ("claim", "why")  # columns that are wrapped; all others are short


def read(path: Path) -> list[dict]:
    """The array of objects that the verb prints; what was not measured stands last."""
    try:
        claims = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise RecordError(f"{path} is not JSON: {error}") from error
    if not isinstance(claims, list):
        raise RecordError(f"{path}: is not an array of claims (regatta claims FILE --json)")
    for number, each in enumerate(claims, start=1):
        if not isinstance(each, dict) or each.get("outcome") not in OUTCOMES or "says" not in each:
            raise RecordError(f"{path}: claim {number}: needs `says`, and an `outcome` of "
                              f"{', '.join(OUTCOMES)}")
    return sorted(claims, key=lambda each: each["outcome"] == "not measured")


def row_of(claim: dict) -> list[str]:
    """The cells of TITLES; "n/a" where nothing was measured."""
    return [claim["says"], claim["outcome"], claim.get("on") or "",
            claim.get("measured") or "n/a", claim.get("interval") or "n/a",
            claim.get("expected") or "", str(claim.get("rounds", 0)), claim.get("reason") or ""]


def total(claims: Sequence[dict]) -> str:
    """"3 confirmed, 1 refuted"."""
    counts = {name: sum(each["outcome"] == name for each in claims) for name in OUTCOMES}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) + "."


def section(claims: Sequence[dict]) -> str:
    """A row for each claim on each runtime."""
    rows = []
    for each in claims:
        outcome = each["outcome"]
        looks = ["n" if is_number else "w" if title in SENTENCES
                 else f"p {OUTCOMES[outcome]}" if title == "verdict" else "p"
                 for title, is_number in TITLES]
        cells = [f'<td class="{look}">{text(content)}</td>'
                 for look, content in zip(looks, row_of(each))]
        rows.append(f'<tr data-choice="{text(outcome)}">{"".join(cells)}</tr>\n')
    outcomes = list(dict.fromkeys(each["outcome"] for each in claims))
    return (f"<p>{text(total(claims))} Confirmed: the whole interval lies where the claim says; "
            "refuted: all of it lies elsewhere.</p>\n"
            + tools("claims-table", "confirmed", outcomes, "verdict")
            + table("claims-table", "Claims and what the intervals say", TITLES, rows))
