"""Runtimes by concurrency model and I/O engine: what each axis is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..baseline import baseline_among, label_of, model_of
from ..errors import NoData
from ..layout import Page, plot_style
from ..panels import limited
from ..ranking import RATE, ratio
from ..record import Results
from ..style import Look, looks, order_key
from ..summary import Benchmark, benchmarks, by_group
from .relative_heatmap import UNPAIRED, ratio_of_medians

TITLE = "Models and engines"
PLACE = 41
_LINE = 0.2        # inches of a runtime's line
_CHARACTER = 0.078


@dataclass(frozen=True)
class Entry:
    """A runtime in a cell."""

    label: str
    runtime: str
    text: str
    is_unpaired: bool


def mean_ratio(own: list[Benchmark], base: list[Benchmark]) -> tuple[float, bool]:
    """Geometric mean of the ratios to the baseline over all its benchmarks, NaN where one lacks;
    and whether one of them is of medians, for want of rounds to pair."""
    by_own = {each.group: each for each in own}
    pairs = [(by_own.get(each.group), each) for each in base]
    if not pairs or any(mine is None for mine, _ in pairs):
        return math.nan, False
    paired = [ratio(mine, each, RATE) for mine, each in pairs]
    ratios = [ratio_of_medians(mine, each, RATE) if by is None else by.value
              for by, (mine, each) in zip(paired, pairs)]
    if None in ratios:
        return math.nan, False
    return float(np.exp(np.mean(np.log(ratios)))), None in paired


def cells_of(results: Results, members: list[Benchmark], label: str) \
        -> dict[tuple[str, str], list[Entry]]:
    """The runtimes of one workload, by model and engine."""
    by_label: dict[str, list[Benchmark]] = {}
    for member in members:
        by_label.setdefault(member.label, []).append(member)
    base = [each for each in by_label[label] if each.estimate(RATE).median > 0]
    cells: dict[tuple[str, str], list[Entry]] = {}
    for text, own in sorted(by_label.items(), key=lambda item: order_key(item[1][0].runtime)):
        mean, is_unpaired = mean_ratio(own, base)
        cell = cells.setdefault(model_of(results, own[0].runtime), [])
        figure = "n/a" if math.isnan(mean) else f"{mean:.2f}{'u' if is_unpaired else ''}"
        cell.append(Entry(text, own[0].runtime, f"{text} {figure}", is_unpaired))
    return cells


def _draw_matrix(axes: Axes, cells: dict, models: list[str], engines: list[str],
                 chosen: dict[str, Look], widest: float) -> None:
    lines = [max(max((len(cells.get((m, e), ())) for e in engines)), 1) for m in models]
    edges = np.concatenate(([0], np.cumsum([count + 0.5 for count in lines])))
    for row, model in enumerate(models):
        for column, engine in enumerate(engines):
            entries = cells.get((model, engine), [])
            for place, entry in enumerate(entries):
                y = edges[row] + 0.75 + place
                axes.plot(column + 0.1 / widest, y, label=entry.label, clip_on=False,
                          **{**plot_style(chosen[entry.label]), "linestyle": "none"})
                axes.text(column + 0.22 / widest, y, entry.text, va="center", size=8.5)
            if not entries:
                axes.text(column + 0.1 / widest, edges[row] + 0.75, "–", va="center",
                          color="#555555")
    axes.set_xlim(0, len(engines))
    axes.set_ylim(edges[-1], 0)
    axes.set_yticks((edges[:-1] + edges[1:]) / 2, models)
    axes.set_xticks(np.arange(len(engines)) + 0.5, engines)
    axes.xaxis.tick_bottom()
    axes.grid(visible=False)
    rule = {"color": "#cccccc", "linewidth": 0.6, "clip_on": False}
    axes.hlines(edges, 0, len(engines), **rule)
    axes.vlines(range(len(engines) + 1), 0, edges[-1], **rule)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def draw(results: Results) -> Figure:
    label = label_of(results)
    closed = [each for each in benchmarks(results) if each.mode != "open"
              and model_of(results, each.runtime)[0] != "unknown"]
    panels: dict[tuple[str, str], list[Benchmark]] = {}
    for members in by_group(closed, Benchmark.loop).values():
        base = baseline_among(members, label)
        if base is not None and base.estimate(RATE).median > 0:
            panels.setdefault((members[0].workload, members[0].loop()), []).extend(members)
    if not panels:
        raise NoData(f"no run record tells the model of a runtime that has trials beside {label}")
    panels, left_out = limited(panels)
    cells = [cells_of(results, members, label) for members in panels.values()]
    keys = [key for each in cells for key in each]
    models = list(dict.fromkeys(model for model, _ in keys))
    engines = sorted({engine for _, engine in keys})
    entries = [entry for each in cells for cell in each.values() for entry in cell]
    chosen = looks({(entry.label, entry.runtime) for entry in entries})
    unpaired = UNPAIRED if any(entry.is_unpaired for entry in entries) else ""
    widest = max([*(len(entry.text) for entry in entries), 8]) * _CHARACTER + 0.3
    heights = [_LINE * sum(max(max(len(each.get((m, e), ())) for e in engines), 1) + 0.5
                           for m in models) for each in cells]
    page = Page(TITLE, f"Rate as times that of {label}: geometric mean over all benchmarks of the "
                "workload, of ratios over paired rounds; no ranking, see the heat map for what can "
                f"be told apart{unpaired}{left_out}",
                [f"{name} ({loop})" for name, loop in panels], results,
                row_names=models, heights=heights, width=widest * len(engines),
                columns=1 if len(panels) == 1 or len(engines) > 4 else 2)
    for axes, each in zip(page.axes, cells):
        _draw_matrix(axes, each, models, engines, chosen, widest)
    page.label("I/O engine", "")
    return page.figure
