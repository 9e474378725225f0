"""Figures of one metric against one parameter: a panel for each group, a line for each runtime."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (FixedLocator, FuncFormatter, LogLocator, MaxNLocator,
                               NullFormatter, NullLocator)
from matplotlib.transforms import ScaledTranslation

from . import style
from .errors import NoData
from .layout import Entry, Page, plot_style
from .panels import limited
from .record import Results
from .stats import Estimate
from .summary import Benchmark, benchmarks, by_group


def number(value: float) -> str:
    """12,345 and 1.5 and 0.02."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.3g}"


def panels_against(results: Results, parameter: str, metric: str) -> dict[tuple, list[Benchmark]]:
    """The groups in which `parameter` differs and some ok trial has `metric`."""
    having = [b for b in benchmarks(results) if isinstance(b.params.get(parameter), int | float)]
    panels = {}
    conditions = Benchmark.conditions if metric.startswith("latency") else Benchmark.loop
    for key, members in by_group(having, conditions, without=parameter).items():
        differs = len({member.params[parameter] for member in members}) > 1
        if differs and any(not math.isnan(member.estimate(metric).median) for member in members):
            panels[key] = members
    return panels


def subtitle_of(panels: dict[tuple, list[Benchmark]], text: str) -> tuple[str, list[str]]:
    """The subtitle and the panels' titles: what all panels share is said once."""
    conditions = {key[1] for key in panels}
    if len(conditions) == 1:
        text = f"{conditions.pop()}; {text}"
        titles = [key[0] for key in panels]
    else:
        titles = [f"{key[0]} ({key[1]})" for key in panels]
    return text[0].upper() + text[1:], titles


def legend_of(panels: dict[tuple, list[Benchmark]]) -> list[Entry]:
    """One entry for each label, in the order of runtimes."""
    pairs = {(b.label, b.runtime) for members in panels.values() for b in members}
    looks = style.looks(pairs)
    ordered = sorted(pairs, key=lambda pair: (style.order_key(pair[1]), pair[0]))
    return [Entry(label, looks[label]) for label, _ in ordered]


def _draw_line(axes: Axes, members: list[Benchmark], xs: list[float], parameter: str, metric: str,
               divisor: float, look: style.Look, shift: float) -> None:
    """One runtime's line, moved sideways by `shift` points: a gap where it has no figure."""
    found = {member.params[parameter]: member.estimate(metric) for member in members}
    estimates = [found.get(x, Estimate()) for x in xs]
    medians = np.array([e.median for e in estimates]) / divisor
    reach = np.array([[e.median - e.low, e.high - e.median] for e in estimates])
    errors = np.abs(reach.T / divisor)
    moved = axes.transData + ScaledTranslation(shift / 72, 0, axes.figure.dpi_scale_trans)
    size = 5 if len(xs) <= 20 else 3
    axes.plot(xs, medians, label=members[0].label, transform=moved,
              **{**plot_style(look), "markersize": size})
    known = ~np.isnan(errors[0])
    axes.errorbar(np.array(xs)[known], medians[known], yerr=errors[:, known], fmt="none",
                  ecolor=look.colour, elinewidth=0.9, capsize=2, transform=moved)


def _scale_x(axes: Axes, xs: list[float]) -> bool:
    """Labels at the values that were run, where they fit. Whether the axis is logarithmic."""
    is_log = min(xs) > 0 and max(xs) / min(xs) >= 10
    if is_log:
        axes.set_xscale("log")
    position = [math.log(x) if is_log else x for x in xs]
    width = axes.get_position().width * axes.figure.get_figwidth()
    room = 0.5 / width * (max(position) - min(position))
    labelled, last = [], -math.inf
    for x, at in zip(xs, position):
        if at - last >= room:
            labelled.append(x)
            last = at
    axes.xaxis.set_major_locator(FixedLocator(labelled))
    axes.xaxis.set_minor_locator(FixedLocator(xs))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    return is_log


def log_y(axes: Axes, low: float, high: float) -> None:
    """A logarithmic axis from `low` to `high`, both above 0, with plain numbers at 1, 2, 5; closer
    ones where less than a factor of 5 is shown."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12) if high / low >= 5
                                 else MaxNLocator(5))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _scale_y(axes: Axes, members: list[Benchmark], metric: str, divisor: float,
             is_log: bool) -> None:
    """From zero unless logarithmic. Intervals much longer than the figures (two trials) run out of
    the panel: they must not shrink the rest."""
    estimates = [e for e in (member.estimate(metric) for member in members) if e.median > 0]
    if not estimates:
        return
    smallest = min(e.median for e in estimates)
    largest = max(e.median for e in estimates)
    low = min(np.nanmin([e.low, e.median]) for e in estimates)
    high = max(np.nanmax([e.high, e.median]) for e in estimates)
    if is_log:
        log_y(axes, max(low, smallest / 3) / divisor / 1.2, min(high, largest * 3) / divisor * 1.2)
    else:
        axes.set_ylim(0, min(high, largest * 1.6) / divisor * 1.06)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _spread(members: list[Benchmark], metric: str) -> float:
    medians = [m for m in (member.estimate(metric).median for member in members) if m > 0]
    return max(medians) / min(medians) if medians else 1


def draw_against(results: Results, *, parameter: str, metric: str, divisor: float, title: str,
                 y_label: str) -> Figure:
    """The whole figure; raises NoData where no group has two values of `parameter`."""
    panels = panels_against(results, parameter, metric)
    if not panels:
        raise NoData(f"no benchmark with ok trials has {metric} for two values of {parameter}")
    panels, left_out = limited(panels)
    subtitle, titles = subtitle_of(panels, "median of trials, 95 % intervals, "
                                           f"runtimes side by side{left_out}")
    looks = {entry.label: entry.look for entry in legend_of(panels)}
    shown = {member.label for members in panels.values() for member in members
             if not math.isnan(member.estimate(metric).median)}
    legend = [Entry(label if label in shown else f"{label} (n/a)", look)
              for label, look in looks.items()]
    page = Page(title, subtitle, titles, results, legend=legend)
    is_log_y = max(_spread(members, metric) for members in panels.values()) >= 15
    is_log_x = set()
    for axes, members in zip(page.axes, panels.values()):
        xs = sorted({member.params[parameter] for member in members})
        step = min(3.0, 12 / len(looks)) if len(xs) <= 20 else 0
        for place, label in enumerate(looks):
            if own := [member for member in members if member.label == label]:
                _draw_line(axes, own, xs, parameter, metric, divisor, looks[label],
                           step * (place - (len(looks) - 1) / 2))
        is_log_x.add(_scale_x(axes, xs))
        _scale_y(axes, members, metric, divisor, is_log_y)
    page.label(parameter + (" (log scale)" if is_log_x == {True} else ""),
               y_label + (" (log scale)" if is_log_y else ""))
    return page.figure
