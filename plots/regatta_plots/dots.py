"""Panels with a row for each runtime and dots with intervals on a logarithmic axis: for figures
that differ by orders of magnitude, where bars from zero would show one runtime only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from .layout import plot_style
from .lines import number
from .stats import Estimate
from .style import Look
from .words import decimals_for


@dataclass(frozen=True)
class Dot:
    """One figure of a row."""

    estimate: Estimate
    look: Look


@dataclass(frozen=True)
class Row:
    """A runtime's figures; one without a median is a gap."""

    label: str
    dots: Sequence[Dot]


def draw_rows(axes: Axes, rows: Sequence[Row], divisor: float) -> None:
    """Dots, whiskers, and the figures in columns on the right. The axis spans the medians; an
    interval that is much longer runs out of the panel."""
    medians = []
    for place, row in enumerate(rows):
        texts = []
        for number_, dot in enumerate(row.dots):
            shift = 0.16 * (number_ - (len(row.dots) - 1) / 2) * (len(row.dots) > 1)
            median, low, high = (value / divisor for value in (
                dot.estimate.median, dot.estimate.low, dot.estimate.high))
            if not median > 0:
                texts.append("n/a")
                continue
            medians.append(median)
            axes.plot(median, place + shift, **{**plot_style(dot.look), "linestyle": "none"},
                      label=row.label)
            if not math.isnan(low):
                axes.errorbar(median, place + shift, fmt="none", ecolor=dot.look.colour,
                              xerr=[[abs(median - low)], [abs(high - median)]],
                              elinewidth=1, capsize=2)
            texts.append(f"{median:,.{decimals_for(median)}f}")
        axes.text(1.02, place, "  ".join(texts), va="center", transform=axes.get_yaxis_transform())
    low, high = min(medians) / 1.6, max(medians) * 1.6
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    decades = math.log10(high / low)
    subs = (1, 2, 5) if decades < 2 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs, numticks=7) if decades >= 0.75
                                 else MaxNLocator(4))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def column_width(figures: int) -> float:
    """Inches that the column of figures takes, for Page's `aside`."""
    return 0.62 * figures
