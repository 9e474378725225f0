"""Latency at every percentile: the merged histograms, and the band over the trials."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..errors import NoData
from ..histogram import Histogram
from ..layout import Page, plot_style
from ..lines import legend_of, log_y, subtitle_of
from ..panels import limited
from ..record import Results
from ..style import Look
from ..summary import Benchmark, benchmarks, by_group

TITLE = "Latency percentiles"
PLACE = 20
TICKS = {1: "0", 2: "50", 10: "90", 100: "99", 1000: "99.9", 10**4: "99.99", 10**5: "99.999",
          10**6: "99.9999", 10**7: "99.99999"}


def curve(histogram: Histogram, tail: np.ndarray) -> np.ndarray:
    """Latency in microseconds where 1/(1-p) = `tail`; NaN beyond what the samples support."""
    return histogram.values_at(1 - 1 / tail) / 1e3


def tail_points(count: int) -> np.ndarray:
    """Values of 1/(1-p), 40 a decade, up to the last that `count` samples support."""
    last = max(count / 100, 1)
    return np.append(10 ** np.arange(0, np.log10(last), 1 / 40), last)


def _draw_benchmark(axes: Axes, benchmark: Benchmark, look: Look) -> float:
    """The curve, marks on it and the band; returns the largest 1/(1-p) drawn."""
    trials = benchmark.histograms()
    merged = Histogram.merged(trials)
    tail = tail_points(merged.count)
    axes.plot(tail, curve(merged, tail), color=look.colour, linestyle=look.line,
              label=benchmark.label)
    if len(trials) > 1:
        shared = tail_points(min(histogram.count for histogram in trials))
        curves = np.vstack([curve(histogram, shared) for histogram in trials])
        axes.fill_between(shared, curves.min(axis=0), curves.max(axis=0), color=look.colour,
                          alpha=0.18, linewidth=0)
    marks = np.array([at for at in TICKS if 1 < at <= tail[-1]], dtype=float)
    axes.plot(marks, curve(merged, marks), **{**plot_style(look), "linestyle": "none",
                                             "markeredgecolor": "#555555"},
              markersize=4, markeredgewidth=0.4, label="_marks")
    return float(tail[-1])


def draw(results: Results) -> Figure:
    having = [b for b in benchmarks(results) if sum(h.count for h in b.histograms()) >= 100]
    if not having:
        raise NoData("no ok trial has a latency histogram of 100 values or more")
    panels, left_out = limited(by_group(having, Benchmark.conditions))
    subtitle, titles = subtitle_of(
        panels, "merged over trials; band: lowest to highest trial; ends where samples do"
                + left_out)
    legend = legend_of(panels)
    looks = {entry.label: entry.look for entry in legend}
    page = Page(TITLE, subtitle, titles, results, legend=legend)
    for axes, members in zip(page.axes, panels.values()):
        axes.set_xscale("log")
        last = max(_draw_benchmark(axes, member, looks[member.label]) for member in members)
        ticks = [at for at in TICKS if at <= last] or [1]
        axes.set_xlim(1, max(last * 1.15, 2.2))
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: TICKS.get(round(value), "")))
        lines = np.concatenate([line.get_ydata() for line in axes.lines])
        log_y(axes, np.nanmin(lines) / 1.15, np.nanmax(lines) * 1.15)
    page.label("percentile (axis: 1/(1−p), log scale)", "latency, µs (log scale)")
    return page.figure
