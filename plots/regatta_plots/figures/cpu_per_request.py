"""CPU time of the server for each request: bars from zero, a panel for each benchmark."""

from __future__ import annotations

import math

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..errors import NoData
from ..layout import Page
from ..lines import legend_of, number, subtitle_of
from ..record import Results
from ..summary import benchmarks, by_group

TITLE = "CPU per request"
METRIC = "server_cpu_ns_per_op"


def draw(results: Results) -> Figure:
    every = benchmarks(results)
    panels = {key: members for key, members in by_group(every).items()
              if any(not math.isnan(member.estimate(METRIC).median) for member in members)}
    if not panels:
        raise NoData(f"no ok trial has {METRIC}")
    subtitle, titles = subtitle_of(
        panels, "user + system time of the server; median of trials, 95 % intervals; the scale "
        "is shared within a workload")
    looks = {entry.label: entry.look for entry in legend_of(panels)}
    page = Page(TITLE, subtitle, titles, results, gap=0.5,
                panel_heights=[0.3 + 0.19 * len(members) for members in panels.values()])
    largest: dict[str, float] = {}
    for axes, members in zip(page.axes, panels.values()):
        for row, member in enumerate(members):
            estimate = member.estimate(METRIC)
            look = looks[member.label]
            if math.isnan(estimate.median):
                continue
            median = estimate.median / 1e3
            axes.barh(row, median, height=0.7, color=look.colour, label=member.label,
                      hatch="//" if look.hollow else None, edgecolor="white", linewidth=0)
            top = median
            if not math.isnan(estimate.low):
                low, high = estimate.low / 1e3, estimate.high / 1e3
                top = max(top, min(high, 3 * median))
                axes.errorbar(median, row, xerr=[[abs(median - low)], [abs(high - median)]],
                              fmt="none", ecolor="#777777", elinewidth=1, capsize=2)
            largest[member.workload] = max(largest.get(member.workload, 0), top)
        axes.set_yticks(range(len(members)), [member.label for member in members])
        axes.set_ylim(len(members) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
    for axes, members in zip(page.axes, panels.values()):
        axes.set_xlim(0, largest[members[0].workload] * 1.08)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    page.label("server CPU per operation, µs", "")
    return page.figure
