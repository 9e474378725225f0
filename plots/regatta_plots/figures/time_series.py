"""Replies and p99 in each interval of the measured windows: a stall is a gap or a peak."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..errors import NoData
from ..layout import Page
from ..lines import legend_of, log_y, number
from ..record import Results
from ..summary import Benchmark, benchmarks, by_group

TITLE = "Time series"
PLACE = 60
_GROUPS_MAX = 9


def series_of(trial: dict) -> np.ndarray:
    """Rows of seconds (the middle of the interval), replies per second, p99 in microseconds."""
    if trial.get("intervals") is None:
        return np.empty((0, 3))
    start, replies, _, p99 = trial["intervals"].T
    length = np.diff(np.append(start, trial["measured_ns"]))
    keep = length > 0
    return np.column_stack([(start + length / 2) / 1e9, replies / np.where(keep, length, 1) * 1e9,
                            p99 / 1e3])[keep]


def deepest_stall(members: list[Benchmark]) -> float:
    """The lowest interval's rate as a share of its trial's median; 1 where nothing stalls."""
    return min([1.0, *(lowest_share(series_of(trial)) for member in members
                       for trial in member.trials)])


def lowest_share(series: np.ndarray) -> float:
    """The same of one trial."""
    rates = series[:, 1]
    middle = np.median(rates) if len(rates) else 0
    return float(rates.min() / middle) if middle > 0 else 1.0


def _draw(axes: Axes, members: list[Benchmark], looks: dict, column: int) -> np.ndarray:
    """Of each member the trial with the deepest stall, as a thin line; gives the values drawn."""
    drawn = [np.array([])]
    for member in members:
        if not (chosen := [series_of(trial) for trial in member.trials if len(series_of(trial))]):
            continue
        series = min(chosen, key=lowest_share)
        look = looks[member.label]
        axes.plot(series[:, 0], series[:, column], color=look.colour, linestyle=look.line,
                  linewidth=0.9, alpha=0.8, marker="." if column == 2 else None, markersize=2,
                  label=member.label)
        drawn.append(series[:, column])
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    return np.concatenate(drawn)


def _draw_none(axes: Axes, beside: Axes) -> None:
    """Says that no interval has a p99, in place of numbers that nothing was measured for."""
    axes.set_xlim(beside.get_xlim())
    axes.set_yticks([])
    axes.text(0.5, 0.5, "no p99: under 100 replies in every interval", ha="center", va="center",
              color="#555555", transform=axes.transAxes)


def draw(results: Results) -> Figure:
    having = [b for b in benchmarks(results)
              if any(len(series_of(trial)) > 1 for trial in b.trials)]
    if not having:
        raise NoData("no ok trial has intervals")
    groups = by_group(having, Benchmark.loop)
    chosen = sorted(groups, key=lambda key: deepest_stall(groups[key]))[:_GROUPS_MAX]
    panels = {key: members for key, members in groups.items() if key in chosen}
    left_out = f"; of {len(groups)} benchmarks the {len(panels)} with the deepest stalls" \
        if len(groups) > len(panels) else ""
    titles = [title for group, loop in panels for title in
              (f"{group} ({loop}): replies per second", f"{group}: p99 latency, µs (log scale)")]
    legend = legend_of(panels)
    looks = {entry.label: entry.look for entry in legend}
    page = Page(TITLE, "Of each runtime the trial with the deepest stall; each point an interval "
                f"of the measured window; no p99 under 100 replies{left_out}", titles, results,
                legend=legend, columns=2)
    for place, members in enumerate(panels.values()):
        rates, tails = page.axes[2 * place:2 * place + 2]
        values = _draw(rates, members, looks, 1)
        rates.set_ylim(0, values.max() * 1.06 or 1)
        rates.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        values = _draw(tails, members, looks, 2)
        if np.any(values > 0):
            log_y(tails, np.nanmin(values) / 1.2, np.nanmax(values) * 1.2)
        else:
            _draw_none(tails, rates)
    for axes in page.axes[-2:]:
        axes.set_xlabel("seconds of the window")
    return page.figure
