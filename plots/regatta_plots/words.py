"""Numbers and lists as a reader wants them, the same as harness/record/format.hpp gives."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .stats import Estimate, Ratio

ABSENT = "n/a"


def decimals_for(value: float) -> int:
    """So that three digits at least are shown."""
    size = abs(value)
    if size == 0 or size >= 99.95:
        return 0
    return 1 if size >= 9.995 else 2 if size >= 0.9995 else 3


def unit_of(metric: str) -> tuple[str, float]:
    """A metric's unit in tables, and what its value is divided by for it."""
    if "_ns" in metric:
        return ("µs/op" if metric.endswith("_per_op") else "µs"), 1e3
    if "_bytes" in metric:
        return "MiB", 2.0**20
    if metric.endswith("_per_s"):
        return "/s", 1
    return ("/op" if metric.endswith("_per_op") else ""), 1


def quantity(value: float | None, metric: str) -> str:
    """The value in its unit, without the unit; "n/a" for None and NaN."""
    if value is None or math.isnan(value):
        return ABSENT
    scaled = value / unit_of(metric)[1]
    return f"{scaled:,.{decimals_for(scaled)}f}"


def span(estimate: Estimate, metric: str) -> str:
    """The interval, to the decimals of the median, with a "*" where it was found by bootstrap; "n/a"
    where there is none."""
    if math.isnan(estimate.low):
        return ABSENT
    divisor = unit_of(metric)[1]
    decimals = decimals_for(estimate.median / divisor)
    mark = "*" if estimate.method == "bootstrap" else ""
    return f"{estimate.low / divisor:,.{decimals}f}-{estimate.high / divisor:,.{decimals}f}{mark}"


def times(ratio: Ratio) -> str:
    """"1.20 (1.15-1.26)"; a third decimal where the interval only just leaves out 1."""
    if math.isnan(ratio.low):
        return f"{ratio.value:,.2f}"
    nearest = min(abs(ratio.low - 1), abs(ratio.high - 1))
    is_near = not ratio.low <= 1 <= ratio.high and nearest < 0.005
    decimals = 3 if is_near else 2
    return f"{ratio.value:,.{decimals}f} ({ratio.low:,.{decimals}f}-{ratio.high:,.{decimals}f})"


def listing(words: Iterable[str]) -> str:
    """"a, b and c"."""
    words = list(words)
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1] if words else ""
