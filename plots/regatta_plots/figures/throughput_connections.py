"""Replies per second against the number of connections."""

import math

from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator

from ..lines import draw_against, number
from ..record import Results

TITLE = "Throughput against connections"
PLACE = 10


_MARKED_MAX = 20  # more values are curves, which need no label at each
_APART = 24       # points from one small label to the next


def label_between(figure: Figure) -> Figure:
    """Small labels, a line lower, at values that were run and found no room in the axis' line."""
    for axes in figure.axes:
        values = axes.xaxis.get_minor_locator()()
        between = sorted(set(values) - set(axes.xaxis.get_major_locator()()))
        if not between or len(values) > _MARKED_MAX:
            continue
        labels, last = [], -math.inf
        for x in between:
            at = axes.transData.transform((x, axes.get_ylim()[1]))[0] * 72 / figure.dpi
            is_apart = at - last >= _APART
            labels.append(number(x) if is_apart else "")
            last = at if is_apart else last
        axes.xaxis.set_minor_locator(FixedLocator(between))
        axes.xaxis.set_minor_formatter(FixedFormatter(labels))
        axes.tick_params(axis="x", which="minor", labelsize=7, pad=14)
    return figure


def draw(results: Results) -> Figure:
    return label_between(draw_against(
        results, parameter="connections", metric="throughput_per_s", divisor=1, title=TITLE,
        y_label="replies per second"))
