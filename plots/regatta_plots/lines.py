"""Figures of one metric against one parameter: a panel for each group, a line for each runtime."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (FixedFormatter, FixedLocator, FuncFormatter, LogLocator, MaxNLocator,
                               NullFormatter, NullLocator)
from matplotlib.transforms import ScaledTranslation

from . import style
from .errors import NoData
from .layout import Entry, Page, panel_width, plot_style
from .panels import limited
from .record import Results
from .stats import Estimate
from .summary import Benchmark, benchmarks, by_group


MARK = 5.0         # a marker's size in points
_STEP_MAX = 7.0    # runtimes further apart would no longer read as at one value
_MARKED_MAX = 20   # more values of the parameter than these are curves without marks
_CURVES_MAX = 4    # of which a panel shows so many


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


def _position(x: float, is_log: bool) -> float:
    return math.log(x) if is_log else x


def _is_log_x(xs: list[float]) -> bool:
    return min(xs) > 0 and max(xs) / min(xs) >= 10


@dataclass(frozen=True)
class Places:
    """Where the marks of a panel's runtimes stand: side by side at each value of the parameter, so
    that none covers another. Points of 1/72 inch."""

    step: float   # from one runtime's marks to the next's
    inset: float  # from the panel's edge to the first and the last value
    reach: float  # from a value to beyond its outermost marks; 0 where there are no marks

    @staticmethod
    def of(xs: list[float], width: float, count: int) -> Places:
        """Of `count` runtimes in a panel `width` wide: they take most of the shortest way between
        two values, and no more than reads as one place."""
        edge = 0.03 * width + MARK / 2
        if len(xs) > _MARKED_MAX:
            return Places(0, edge, 0)
        positions = [_position(x, _is_log_x(xs)) for x in xs]
        share = 0.8 * min(b - a for a, b in pairwise(positions)) / (positions[-1] - positions[0])
        room = share * (width - 2 * edge) / (1 + share)  # half of it stands beyond either end
        step = min(room / count, _STEP_MAX)
        half = step * (count - 1) / 2
        return Places(step, edge + half, half + MARK)


def in_one_panel(xs: list[float], width: float) -> int:
    """How many runtimes a panel `width` points wide can show at `xs` without marks that overlap."""
    if len(xs) > _MARKED_MAX:
        return _CURVES_MAX
    return max((count for count in range(1, 40)
                if Places.of(xs, width, count).step >= MARK + 1), default=1)


def _draw_line(axes: Axes, members: list[Benchmark], xs: list[float], parameter: str, metric: str,
               divisor: float, look: style.Look, shift: float) -> None:
    """One runtime's line, moved sideways by `shift` points: a gap where it has no figure. Many
    values get a band in place of marks and whiskers."""
    medians, lows, highs = _figures(members, xs, parameter, metric, divisor)
    moved = axes.transData + ScaledTranslation(shift / 72, 0, axes.figure.dpi_scale_trans)
    if len(xs) > _MARKED_MAX:
        axes.plot(xs, medians, label=members[0].label, color=look.colour, linestyle=look.line)
        axes.fill_between(xs, lows, highs, color=look.colour, alpha=0.18, linewidth=0)
        return
    axes.plot(xs, medians, label=members[0].label, transform=moved, color=look.colour,
              linestyle=look.line, linewidth=1)
    axes.plot(xs, medians, label="_marks", transform=moved, zorder=3,
              **{**plot_style(look), "markersize": MARK, "linestyle": "none"})
    known = ~np.isnan(lows)
    axes.errorbar(np.array(xs)[known], medians[known], fmt="none", ecolor=look.colour,
                  yerr=np.abs(np.array([medians - lows, highs - medians])[:, known]),
                  elinewidth=0.8, capsize=1.5, transform=moved)


def _figures(members: list[Benchmark], xs: list[float], parameter: str, metric: str,
             divisor: float) -> np.ndarray:
    """Medians, lower and upper ends at `xs`; NaN where there is none."""
    found = {member.params[parameter]: member.estimate(metric) for member in members}
    estimates = [found.get(x, Estimate()) for x in xs]
    return np.array([[e.median, e.low, e.high] for e in estimates]).T / divisor


def _scale_x(axes: Axes, xs: list[float], places: Places) -> bool:
    """Labels at the values that were run, where they fit, and a strip behind what stands at each.
    Whether the axis is logarithmic."""
    is_log = _is_log_x(xs)
    position = [_position(x, is_log) for x in xs]
    point = (position[-1] - position[0]) / (width_of(axes) - 2 * places.inset)

    def beside(at: float, points: float) -> float:
        return math.exp(at + points * point) if is_log else at + points * point

    if is_log:
        axes.set_xscale("log")
    axes.set_xlim(beside(position[0], -places.inset), beside(position[-1], places.inset))
    labelled, last = [], -math.inf
    for x, at in zip(xs, position):
        if places.reach:
            axes.axvspan(beside(at, -places.reach), beside(at, places.reach), color="#f3f3f3",
                         zorder=0)
        if at - last >= 36 * point:
            labelled.append(x)
            last = at
    axes.xaxis.set_major_locator(FixedLocator(labelled))
    axes.xaxis.set_minor_locator(FixedLocator(xs))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    between = [(x, at) for x, at in zip(xs, position) if x not in labelled]
    if between and places.reach:
        _label_between(axes, between, 24 * point)
    return is_log


def _label_between(axes: Axes, between: list[tuple[float, float]], apart: float) -> None:
    """Small labels, a line lower, at values that found no room in the axis' line: (value, position)
    each, labelled where they are so far `apart`."""
    labels, last = [], -math.inf
    for x, at in between:
        labels.append(number(x) if at - last >= apart else "")
        last = at if labels[-1] else last
    axes.xaxis.set_minor_locator(FixedLocator([x for x, _ in between]))
    axes.xaxis.set_minor_formatter(FixedFormatter(labels))
    axes.tick_params(axis="x", which="minor", labelsize=7, pad=14)


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


def width_of(axes: Axes) -> float:
    """In points."""
    return axes.get_position().width * axes.figure.get_figwidth() * 72


@dataclass(frozen=True)
class _Panel:
    """The runtimes of a group that one panel has marks of; all of the group's set its axes."""

    title: str
    group: list[Benchmark]
    labels: list[str]


def _panels_of(groups: dict[tuple, list[Benchmark]], titles: list[str], labels: list[str],
               parameter: str) -> list[_Panel]:
    """One a group, or several of which each has as many runtimes as stand side by side."""
    made = []
    for title, group in zip(titles, groups.values()):
        xs = sorted({member.params[parameter] for member in group})
        own = [label for label in labels if any(member.label == label for member in group)]
        if in_one_panel(xs, 72 * panel_width(len(groups))) >= len(own):
            made.append(_Panel(title, group, own))
            continue
        parts = math.ceil(len(own) / in_one_panel(xs, 72 * panel_width(3)))
        ends = [round(len(own) * part / parts) for part in range(parts + 1)]
        made += [_Panel(f"{title}: {', '.join(own[begin:end])}", group, own[begin:end])
                 for begin, end in pairwise(ends)]
    return made


def _draw_panel(axes: Axes, panel: _Panel, looks: dict[str, style.Look], parameter: str,
                metric: str, divisor: float) -> bool:
    """Whether the axis is logarithmic."""
    xs = sorted({member.params[parameter] for member in panel.group})
    places = Places.of(xs, width_of(axes), len(panel.labels))
    is_log_x = _scale_x(axes, xs, places)
    for label in {member.label for member in panel.group} - set(panel.labels):
        others = [member for member in panel.group if member.label == label]
        axes.plot(xs, _figures(others, xs, parameter, metric, divisor)[0], color="#cccccc",
                  linewidth=0.8, label="_other", zorder=1)
    for place, label in enumerate(panel.labels):
        own = [member for member in panel.group if member.label == label]
        _draw_line(axes, own, xs, parameter, metric, divisor, looks[label],
                   places.step * (place - (len(panel.labels) - 1) / 2))
    return is_log_x


def draw_against(results: Results, *, parameter: str, metric: str, divisor: float, title: str,
                 y_label: str) -> Figure:
    """The whole figure; raises NoData where no group has two values of `parameter`."""
    groups = panels_against(results, parameter, metric)
    if not groups:
        raise NoData(f"no benchmark with ok trials has {metric} for two values of {parameter}")
    subtitle, titles = subtitle_of(groups, "median of trials, 95 % intervals, "
                                           "runtimes side by side")
    looks = {entry.label: entry.look for entry in legend_of(groups)}
    shown = {member.label for members in groups.values() for member in members
             if not math.isnan(member.estimate(metric).median)}
    legend = [Entry(label if label in shown else f"{label} (n/a)", look)
              for label, look in looks.items()]
    panels, left_out = limited(dict(enumerate(_panels_of(groups, titles, list(looks), parameter))))
    grey = "; grey: those that stand in other panels" if len(panels) > len(groups) else ""
    page = Page(title, subtitle + grey + left_out, [panel.title for panel in panels.values()],
                results, legend=legend)
    is_log_y = max(_spread(members, metric) for members in groups.values()) >= 15
    is_log_x = set()
    for axes, panel in zip(page.axes, panels.values()):
        is_log_x.add(_draw_panel(axes, panel, looks, parameter, metric, divisor))
        _scale_y(axes, panel.group, metric, divisor, is_log_y)
    page.label(parameter + (" (log scale)" if is_log_x == {True} else ""),
               y_label + (" (log scale)" if is_log_y else ""))
    return page.figure
