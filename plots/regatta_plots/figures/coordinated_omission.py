"""Where a user's wait comes from: response, service and lag at every percentile."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..errors import NoData
from ..histogram import Histogram
from ..layout import Entry, Page
from ..lines import log_y, number
from ..record import Results
from ..style import BLACK, BLUE, VERMILLION, Look
from ..summary import Benchmark, benchmarks
from .latency_percentiles import TICKS, curve, tail_points
from .latency_rate import LOAD

TITLE = "Response, service and lag"
PLACE = 22
_LOOKS = {"response": Look(BLACK, "", "-"), "service": Look(BLUE, "", "--"),
          "lag": Look(VERMILLION, "", ":")}
_PANELS_MAX = 12
_SPAN = 2000  # how far below the largest value the axis begins: most lags are near none


def merged(benchmark: Benchmark, part: str) -> Histogram:
    """One of the three distributions, over all ok trials."""
    return Histogram.merged(trial["latency"] if part == "response" else trial["open_loop"][part]
                            for trial in benchmark.trials)


def omission_factor(benchmark: Benchmark) -> float:
    """p99(response) / p99(service) over all ok trials; NaN with too few requests."""
    p99 = np.array([0.99])
    return float(merged(benchmark, "response").values_at(p99)[0]
                 / merged(benchmark, "service").values_at(p99)[0])


def rate_of(benchmark: Benchmark) -> float:
    return float(np.median([trial["open_loop"]["offered_per_s"] for trial in benchmark.trials]))


def highest_loads(results: Results) -> list[Benchmark]:
    """Of each runtime and set of parameters, the benchmark with the highest load."""
    highest: dict[tuple[str, str], Benchmark] = {}
    for benchmark in benchmarks(results):
        if benchmark.mode == "open" and sum(h.count for h in benchmark.histograms()) >= 100:
            key = (LOAD.sub("", benchmark.group), benchmark.label)
            if key not in highest or rate_of(highest[key]) < rate_of(benchmark):
                highest[key] = benchmark
    return list(highest.values())


def _draw_panel(axes: Axes, benchmark: Benchmark) -> None:
    drawn = []
    last = 1.0
    for part, look in _LOOKS.items():
        histogram = merged(benchmark, part)
        tail = tail_points(histogram.count)
        values = np.maximum(curve(histogram, tail), 1e-2)
        axes.plot(tail, values, color=look.colour, linestyle=look.line, label=part)
        drawn.append(values)
        last = max(last, tail[-1])
    ticks = [at for at in TICKS if at <= last]
    axes.set_xscale("log")
    axes.set_xlim(1, max(last * 1.15, 2.2))
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: TICKS.get(round(value), "")))
    values = np.concatenate(drawn)
    log_y(axes, max(np.nanmin(values) / 1.3, np.nanmax(values) / _SPAN), np.nanmax(values) * 1.3)


def unanswered(benchmark: Benchmark) -> int:
    """Requests that are in no histogram: how long they would have taken nobody knows."""
    return sum(trial["open_loop"]["censored"] for trial in benchmark.trials)


def title_of(benchmark: Benchmark) -> str:
    factor = omission_factor(benchmark)
    known = "unknown" if np.isnan(factor) else f"{factor:.2f}"
    if unanswered(benchmark):
        known = f"unknown, {number(unanswered(benchmark))} unanswered requests are in no curve"
    shared = LOAD.sub("", benchmark.group)
    return f"{benchmark.label}, {shared}, {number(round(rate_of(benchmark)))} per second: " \
           f"omission factor {known}"


def draw(results: Results) -> Figure:
    chosen = highest_loads(results)
    if not chosen:
        raise NoData("no open-loop trial has a latency histogram of 100 values or more "
                     "(run with --rate)")
    shown = chosen[:_PANELS_MAX]
    left_out = f"; {len(shown)} of {len(chosen)} shown" if len(chosen) > len(shown) else ""
    page = Page(TITLE, "Open loop, each runtime at its highest load; merged over trials; omission "
                "factor: p99 of response / p99 of service, how much too good a closed loop's "
                f"p99 would be{left_out}", [title_of(benchmark) for benchmark in shown], results,
                legend=[Entry(part, look) for part, look in _LOOKS.items()])
    for axes, benchmark in zip(page.axes, shown):
        _draw_panel(axes, benchmark)
    page.label("percentile (axis: 1/(1−p), log scale)", "time, µs (log scale)")
    return page.figure
