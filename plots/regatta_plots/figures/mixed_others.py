"""What heavy requests do to the others: in the handler against on a pool of threads."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from ..dots import Dot, Row, column_width, draw_rows
from ..errors import NoData
from ..layout import Entry, Page
from ..mixed import LAG, OTHERS, Pair, pairs_of
from ..panels import limited
from ..record import Results
from ..stats import Estimate
from ..style import BLACK, Look, looks

TITLE = "Heavy requests: in the handler or offloaded"
PLACE = 23
_PARTS = {OTHERS: "p99 of the other requests", LAG: "loop lag, p99"}


def estimates_of(pair: Pair, metric: str) -> list[Estimate]:
    """Of the handler's and of the pool's benchmark; empty ones where there is none."""
    return [each.estimate(metric) if each else Estimate() for each in (pair.inline, pair.offload)]


def draw(results: Results) -> Figure:
    panels = {}
    for group, pairs in pairs_of(results).items():
        for metric in _PARTS:
            known = [pair for pair in pairs
                     if any(each.median > 0 for each in estimates_of(pair, metric))]
            if known:
                panels[group, metric] = known
    if not panels:
        raise NoData("no ok trial of the workload mixed has latencies of the others "
                     "(run mixed with heavy:inline and heavy:offload)")
    panels, left_out = limited(panels)
    names = {(pair.label, runtime_of(pair)) for pairs in panels.values() for pair in pairs}
    chosen = looks(names)
    page = Page(TITLE, "Median of trials, 95 % intervals; filled and left figure: computed in the "
                f"handler; hollow and right figure: offloaded to the pool of threads{left_out}",
                [f"{_PARTS[metric]}: {group}" for group, metric in panels], results,
                legend=[Entry("in the handler", Look(BLACK, "o", "")),
                        Entry("offloaded", Look(BLACK, "o", "", hollow=True))],
                row_names=[label for label, _ in names], aside=column_width(2),
                heights=[0.4 + 0.27 * len(pairs) for pairs in panels.values()], columns=2)
    for axes, ((_, metric), pairs) in zip(page.axes, panels.items()):
        rows = []
        for pair in pairs:
            inline, offload = estimates_of(pair, metric)
            look = replace(chosen[pair.label], hollow=False)
            dots = [Dot(inline, look), Dot(offload, replace(look, hollow=True, fill="full"))]
            rows.append(Row(pair.label, dots))
        draw_rows(axes, rows, 1e3)
    page.label("µs (log scale)", "")
    return page.figure


def runtime_of(pair: Pair) -> str:
    return (pair.inline or pair.offload).runtime
