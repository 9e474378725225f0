"""Figures over time with the levels between their changes: of what `regatta history show --json` prints."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .. import style
from ..errors import NoData, RecordError
from ..layout import Page, plot_style
from ..lines import log_y
from ..record import SCHEMA, Results
from ..words import decimals_for, unit_of

TITLE = "History"
_PANELS_MAX = 12


@dataclass
class History:
    """The series of a file, in its order."""

    path: Path
    series: list[dict]


def read(path: str | Path) -> History:
    """Raises RecordError for anything but `series` records."""
    path = Path(path)
    found = []
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                record = None
            if not isinstance(record, dict) or record.get("record") != "series" or record.get("schema") != SCHEMA:
                raise RecordError(f"{path}:{number}: is no series: give it what `regatta history show FILE --json` prints")
            found.append(record)
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{path} is no file of series: it is not UTF-8 text") from error
    return History(path, found)


def levels(series: dict) -> list[tuple[int, int]]:
    """The first point of each level, and the first after it."""
    return list(pairwise([0, *(change["at"] for change in series["changes"]), len(series["points"])]))


def chosen(history: History) -> list[dict]:
    """Series with two points or more; where there are too many, those that changed first, then the longest."""
    long_enough = [each for each in history.series if len(each["points"]) > 1]
    first = sorted(long_enough, key=lambda each: (-len(each["changes"]), -len(each["points"])))[:_PANELS_MAX]
    return [each for each in long_enough if any(each is other for other in first)]


def _title(series: dict) -> str:
    unit = unit_of(series["metric"])[0].replace("/", " per ").strip()
    text = f"{series['benchmark']}: {series['metric']}{', ' + unit if unit else ''} (log scale)"
    for change in series["changes"]:
        day = series["points"][change["at"]]["started_at"][:10]
        text += f"; {(change['ratio'] - 1) * 100:+.1f} % at run {change['at'] + 1} ({day})"
    return text


def _draw(axes: Axes, series: dict) -> None:
    divisor = unit_of(series["metric"])[1]
    look = style.looks([(name := series["benchmark"].split("/")[1], name)])[name]
    runs = np.arange(1, len(series["points"]) + 1)
    median, low, high = (np.array([np.nan if point[key] is None else point[key] / divisor for point in series["points"]])
                         for key in ("median", "low", "high"))
    axes.plot(runs, median, **{**plot_style(look), "linestyle": "none", "markersize": 4}, label="_runs")
    known = ~np.isnan(low)
    axes.errorbar(runs[known], median[known], yerr=np.abs(np.array([median - low, high - median])[:, known]), fmt="none",
                  ecolor=look.colour, elinewidth=0.8, capsize=1.5)
    for begin, end in levels(series):
        axes.hlines(np.median(median[begin:end]), begin + 0.6, end + 0.4, colors="#555555", linewidth=1.2)
        if begin:
            axes.axvline(begin + 0.5, color="#555555", linewidth=1, linestyle=":")
    # An interval of few trials, far longer than the figures differ, runs out of the panel.
    log_y(axes, max(np.nanmin([low, median]), median.min() / 1.5) / 1.02, min(np.nanmax([high, median]), median.max() * 1.5) * 1.02)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.{decimals_for(value)}f}"))
    axes.set_xlim(0.4, len(runs) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _span(points: list[dict], what: str, length: int = 100) -> str | None:
    """What the points say of it: one thing, or the first and the last of several; None for nothing."""
    said = list(dict.fromkeys(point[what][:length] for point in points if point.get(what)))
    several = f"{said[0]} … {said[-1]} ({len(said)})" if len(said) > 1 else None
    return several or (said[0] if said else None)


def _about(history: History) -> Results:
    """What the footer says: machine, kernel, compiler, commits and placement, where there is one machine."""
    places = {(each["machine"], each["placement"]) for each in history.series}
    if len(places) > 1:
        return Results(history.path, run={"machine": {"cpu_model": "several machines or placements"}}, truncated=False)
    machine, placement = places.pop()
    points = sorted((point for each in history.series for point in each["points"]), key=lambda point: point["started_at"])
    model = _span(points, "cpu_model")
    known = {"cpu_model": f"{model + ', ' if model else ''}machine {machine}", "kernel": _span(points, "kernel")}
    build = {"compiler": _span(points, "compiler"), "commit": _span(points, "commit", 12)}
    return Results(history.path, run={"machine": known, "regatta": build, "placement": {"mode": placement}}, truncated=False)


def draw(history: History) -> Figure:
    shown = chosen(history)
    if not shown:
        raise NoData("no series has two runs or more")
    left_out = f"; {len(shown)} of {len(history.series)} series" if len(shown) < len(history.series) else ""
    page = Page(TITLE, "Median of each run's trials with its 95 % interval, in the order of time; lines: the levels between "
                f"changes (E-divisive, 0.5 % risk of one where there is none){left_out}", [_title(each) for each in shown],
                _about(history))
    for axes, series in zip(page.axes, shown):
        _draw(axes, series)
    for axes in page.axes[-page.columns:]:
        axes.set_xlabel("run")
    return page.figure
