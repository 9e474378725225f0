"""CPU time of the server for each request: bars from zero, a panel for each benchmark."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..errors import NoData
from ..layout import Page
from ..lines import legend_of, number, subtitle_of
from ..panels import limited
from ..record import Results
from ..style import Look
from ..summary import Benchmark, benchmarks, by_group

TITLE = "CPU per request"
PLACE = 30
METRIC = "server_cpu_ns_per_op"


def _figure(value: float) -> str:
    """Three digits at least: 1,234 and 42.0 and 6.80."""
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def _draw_bars(axes: Axes, members: list[Benchmark], looks: dict[str, Look]) -> None:
    """One bar a runtime, its figure in a column on the right; nothing where there is none."""
    longest = 0.0
    for row, member in enumerate(members):
        estimate = member.estimate(METRIC)
        if math.isnan(estimate.median):
            continue
        median, low, high = (v / 1e3 for v in (estimate.median, estimate.low, estimate.high))
        look = looks[member.label]
        axes.barh(row, median, height=0.7, color=look.colour, label=member.label,
                  hatch="//" if look.hollow else None, edgecolor="white", linewidth=0)
        if not math.isnan(low):
            axes.errorbar(median, row, xerr=[[abs(median - low)], [abs(high - median)]],
                          fmt="none", ecolor="#777777", elinewidth=1, capsize=2)
        axes.text(1.02, row, _figure(median), va="center", transform=axes.get_yaxis_transform())
        longest = max(longest, median, 0 if math.isnan(high) else min(high, 1.5 * median))
    axes.set_xlim(0, longest * 1.05)
    axes.set_ylim(len(members) - 0.4, -0.6)
    axes.set_yticks(range(len(members)), [member.label for member in members])
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def draw(results: Results) -> Figure:
    panels = {key: members
              for key, members in by_group(benchmarks(results), Benchmark.loop).items()
              if any(not math.isnan(member.estimate(METRIC).median) for member in members)}
    if not panels:
        raise NoData(f"no ok trial has {METRIC}")
    panels, left_out = limited(panels)
    subtitle, titles = subtitle_of(panels, "user + system time of the server for each operation, "
                                           f"median of trials, 95 % intervals{left_out}")
    looks = {entry.label: entry.look for entry in legend_of(panels)}
    page = Page(TITLE, subtitle, titles, results, row_names=list(looks), aside=0.35,
                heights=[0.3 + 0.19 * len(members) for members in panels.values()])
    for axes, members in zip(page.axes, panels.values()):
        _draw_bars(axes, members, looks)
    page.label("CPU time, µs", "")
    return page.figure
