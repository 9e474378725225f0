"""Every benchmark by every runtime, relative to a baseline; colour only where intervals support
it."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..baseline import baseline_among, label_of
from ..errors import NoData
from ..layout import Page
from ..panels import limited
from ..ranking import are_apart, is_more_better, ranking_metric, ratio
from ..record import Results
from ..style import BLUE, VERMILLION, order_key
from ..summary import Benchmark, benchmarks, by_group, natural_key

TITLE = "Relative to a baseline"
PLACE = 12
_ROWS_MAX = 60
_CELL = 0.62          # inches
_STRONGEST = math.log(4)  # a factor of 4 has the full colour
UNPAIRED = "; u: no rounds to pair, ratio of medians"
_COLOURS = LinearSegmentedColormap.from_list("worse_better", [VERMILLION, "#ffffff", BLUE])


def colour_of(times: float, metric: str) -> tuple:
    """Blue for better than the baseline, vermillion for worse, by the logarithm."""
    goodness = math.log(times) * (1 if is_more_better(metric) else -1)
    return _COLOURS(0.5 + 0.5 * max(-1, min(1, goodness / _STRONGEST)))


def text_on(face: tuple) -> str:
    """Black or white, whichever reads better (relative luminance as in WCAG 2.2)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
              for part in face[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if luminance > 0.18 else "white"


def ratio_of_medians(own: Benchmark, base: Benchmark, metric: str) -> float | None:
    """How many times that of `base` the median is, where the two have no rounds to pair; None where
    they have, or where one has no figure."""
    values = [list(each.by_round(metric).values()) for each in (own, base)]
    if ratio(own, base, metric) is not None or not all(values) or min(map(min, values)) <= 0:
        return None
    return own.estimate(metric).median / base.estimate(metric).median


def _cell_of(own: Benchmark | None, base: Benchmark) -> tuple[str, tuple | str, str | None]:
    """Text, colour and hatch: a figure on its colour, white with a mark where nothing is claimed of
    it; hatched where there is none."""
    metric = ranking_metric(base)
    by = None if own is None else ratio(own, base, metric)
    medians = None if own is None else ratio_of_medians(own, base, metric)
    if own is base:
        return "1", "white", None
    if by is None and medians is None:
        return "", "white", "////"
    times = medians if by is None else by.value
    text = f"{times:.2f}" if times < 9.95 else f"{times:,.0f}"
    if by is None:
        return text + "u", "white", None
    if not are_apart(own, base, metric):
        return text + "~", "white", None
    return text, colour_of(times, metric), None


def _draw_cell(axes: Axes, at: tuple[int, int], text: str, face: tuple | str,
               hatch: str | None) -> None:
    column, row = at
    axes.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=face, hatch=hatch,
                             edgecolor="#cccccc", linewidth=0.5))
    axes.text(column, row, text, ha="center", va="center", size=8, color=text_on(to_rgb(face)))


def draw(results: Results) -> Figure:
    label = label_of(results)
    rows = {}
    for key, members in by_group(benchmarks(results), Benchmark.loop).items():
        base = baseline_among(members, label)
        if base is None or not base.trials:
            continue
        if any(each is not base and _cell_of(each, base)[0] for each in members):
            rows[key] = (base, members)
    if not rows:
        raise NoData(f"no benchmark has ok trials of {label} and of another runtime")
    rows, left_out = limited(rows, _ROWS_MAX)
    pairs = {(each.label, each.runtime) for _, members in rows.values() for each in members}
    labels = sorted(pairs, key=lambda pair: (order_key(pair[1]), natural_key(pair[0])))
    cells = [[_cell_of(baseline_among(members, text), base) for text, _ in labels]
             for base, members in rows.values()]
    marks = [(any(text.endswith("u") for row in cells for text, _, _ in row), UNPAIRED),
             (any(hatch for row in cells for _, _, hatch in row), "; hatched: no figure")]
    names = [f"{group.replace('/', ' ')}, {loop}" for group, loop in rows]
    page = Page(TITLE, f"Times {label}, over paired rounds: the rate, in open loop the p99 of the "
                "response time; blue: better, vermillion: worse, both to a factor of 4; "
                "~ and white: cannot be told apart"
                f"{''.join(text for occurs, text in marks if occurs)}{left_out}", [""], results,
                row_names=names, heights=[0.27 * len(rows)], width=_CELL * len(labels),
                below=-0.3 + 0.075 * max(len(text) for text, _ in labels))
    (axes,) = page.axes
    for row, of_row in enumerate(cells):
        for column, cell in enumerate(of_row):
            _draw_cell(axes, (column, row), *cell)
    axes.set_xlim(-0.5, len(labels) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), names)
    axes.set_xticks(range(len(labels)), [text for text, _ in labels], rotation=90)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return page.figure
