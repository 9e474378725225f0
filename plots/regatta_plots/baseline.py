"""The runtime that others are compared with, and what the comparison says."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import NoData, UsageError
from .ranking import are_apart, in_order, ratio
from .record import Results
from .stats import Ratio
from .summary import Benchmark, benchmarks
from .words import listing, times

DEFAULT = "epoll"  # the readable one: a plain loop
_NAMED_MAX = 6  # in a sentence; of more, the highest and the lowest


def label_of(results: Results) -> str:
    """The user's choice; else the project's plain loop, or the first in the order of runtimes.
    Raises UsageError for a choice that the file does not have, NoData where it has no trial."""
    labels = {each.label: each for each in rivals_in(results)}
    ordered = in_order(list(labels.values()))
    if results.baseline:
        if results.baseline not in labels:
            raise UsageError(f"--baseline {results.baseline}: unknown here; "
                             f"choose from {', '.join(ordered)}")
        return results.baseline
    if not labels:
        raise NoData("no benchmark has a trial")
    return next((label for label in ordered if labels[label].runtime == DEFAULT), ordered[0])


def baseline_among(rivals: Sequence[Benchmark], label: str) -> Benchmark | None:
    return next((each for each in rivals if each.label == label), None)


def against(rivals: Sequence[Benchmark], base: Benchmark, metric: str) \
        -> tuple[list[tuple[Benchmark, Ratio]], list[Benchmark]]:
    """Who can be told apart from the baseline and how many times it they are, largest first; and
    the others that have an interval."""
    apart, alike = [], []
    for each in rivals:
        if each is base or not each.estimate(metric).has_interval():
            continue
        if are_apart(each, base, metric):
            apart.append((each, ratio(each, base, metric)))
        else:
            alike.append(each)
    return sorted(apart, key=lambda pair: -pair[1].value), alike


def sentence(rivals: Sequence[Benchmark], base: Benchmark, metric: str, what: str) -> str:
    """"WHAT, as times that of epoll: uring 1.20 (1.15-1.26), thread 0.43 (0.40-0.47); asio and
    fiber cannot be told apart from it."; empty where nothing has an interval."""
    if not base.estimate(metric).has_interval():
        return ""
    apart, alike = against(rivals, base, metric)
    if not apart:
        return f"{what}: none can be told apart from {base.label}." if alike else ""
    parts = [f"{each.label} {times(by)}" for each, by in apart]
    if len(parts) > _NAMED_MAX:
        half = _NAMED_MAX // 2
        parts[half:-half] = [f"{len(parts) - 2 * half} more (see the table)"]
    rest = f"; {listing(in_order(alike))} cannot be told apart from it" if alike else ""
    return f"{what}, as times that of {base.label}: {', '.join(parts)}{rest}."


def rivals_in(results: Results) -> list[Benchmark]:
    """All benchmarks but those of runtimes that only measure the harness, such as `null`."""
    references = {entry.get("name") for entry in results.programs
                  if (entry.get("describe") or {}).get("reference_only")}
    return [each for each in benchmarks(results) if each.runtime not in references]


def model_of(results: Results, runtime: str) -> tuple[str, str]:
    """Model and I/O engine, as the program describes itself; "unknown" where it does not."""
    for entry in results.programs:
        if entry.get("name") == runtime:
            about = entry.get("describe") or {}
            return about.get("model") or "unknown", about.get("engine") or "unknown"
    return "unknown", "unknown"
