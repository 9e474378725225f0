"""Pages of panels in inches: nothing overlaps, whatever the number of panels, rows and names."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .record import Results
from .style import Look

_CHARACTER = 0.075  # width of an average character at 9 points, in inches
_LINE = 0.17        # height of a line of text


@dataclass(frozen=True)
class Entry:
    """A line of the legend."""

    label: str
    look: Look


def plot_style(look: Look) -> dict:
    """The look as arguments of Axes.plot."""
    is_empty = look.hollow and look.fill == "full"
    return {"color": look.colour, "marker": look.marker, "linestyle": look.line,
            "markerfacecolor": "white" if is_empty else look.colour,
            "fillstyle": look.fill, "markerfacecoloralt": "white",
            "markeredgecolor": "#555555" if look.colour == "#F0E442" else look.colour}


def panel_width(count: int, columns: int = 0) -> float:
    """Inches, of each of `count` panels."""
    return 6.4 if (columns or count) == 1 else 3.7


class Page:
    """A title, a grid of panels, a legend on the right and a footer. All lengths are inches."""

    def __init__(self, title: str, subtitle: str, panel_titles: list[str], results: Results, *,
                 legend: list[Entry] = (), heights: list[float] | None = None,
                 row_names: list[str] = (), aside: float = 0, columns: int = 0,
                 width: float = 0, below: float = 0) -> None:
        """`heights`: of each panel, where they differ; `row_names`: what stands left of the axes
        in place of numbers; `aside`: room right of each panel; `columns` and `width` of a panel:
        where the number of panels does not say it; `below`: more room under the panels."""
        count = len(panel_titles)
        columns = columns or (1 if count == 1 else 2 if count in (2, 4) else 3)
        self.columns = columns
        width = width or panel_width(count, columns)
        heights = heights or [3.2 if columns == 1 else 2.6] * count
        names = max((len(name) for name in row_names), default=0) * _CHARACTER
        left = max(0.95, names + 0.35)
        between = max(0.85, names + 0.35) + aside
        right = 0.75 + max(len(e.label) for e in legend) * _CHARACTER if legend else 0.4
        right += aside
        total = max(left + columns * width + (columns - 1) * between + right, 5.5)
        titles = [textwrap.fill(text.replace("/", " "), int(width / _CHARACTER))
                  for text in panel_titles]
        head = textwrap.wrap(subtitle, int((total - 0.4) / _CHARACTER))
        foot = _footer(results, int((total - 0.4) / (_CHARACTER * 0.72)))
        rows = [slice(start, start + columns) for start in range(0, count, columns)]
        title_room = [0.1 + _LINE * max(t.count("\n") + 1 for t in titles[row]) for row in rows]
        above = 0.5 + _LINE * len(head)
        below += 0.7 + 0.14 * len(foot)
        gap = 0.45
        needed = above + sum(title_room) + sum(max(heights[row]) for row in rows) \
            + gap * (len(rows) - 1) + below
        page = max(needed, above + 1.35 * _LINE * len(legend) + 0.5)
        self._size = (total, page)
        self.figure = Figure(figsize=self._size)
        self._text(0.2, page - 0.3, title, size=13, weight="bold")
        self._text(0.2, page - 0.4, "\n".join(head), color="#444444", va="top")
        self._text(0.2, 0.1, "\n".join(foot), size=7, color="#555555", va="bottom")
        self.axes: list[Axes] = []
        top = page - above
        for row, room in zip(rows, title_room):
            top -= room
            for column, height in enumerate(heights[row]):
                box = (left + column * (width + between), top - height, width, height)
                self.axes.append(self._panel(box, titles[row.start + column]))
            top -= max(heights[row]) + gap
        if legend:
            self._add_legend(legend, total - right + aside + 0.1, page - above - 0.1)

    def _panel(self, box: tuple[float, float, float, float], title: str) -> Axes:
        x, y, width, height = box
        total, page = self._size
        axes = self.figure.add_axes((x / total, y / page, width / total, height / page))
        axes.set_title(title, loc="left")
        return axes

    def label(self, x: str, y: str) -> None:
        """Axis labels: y beside the first panel of each row, x below the last of each column."""
        for number, axes in enumerate(self.axes):
            if number % self.columns == 0:
                axes.set_ylabel(y)
            if number + self.columns >= len(self.axes):
                axes.set_xlabel(x)

    def _add_legend(self, entries: list[Entry], x: float, y: float) -> None:
        handles = [Line2D([], [], label=entry.label, **plot_style(entry.look)) for entry in entries]
        self.figure.legend(handles=handles, loc="upper left", borderaxespad=0, handlelength=2.4,
                           bbox_to_anchor=(x / self._size[0], y / self._size[1]))

    def _text(self, x: float, y: float, text: str, **style) -> None:
        self.figure.text(x / self._size[0], y / self._size[1], text, parse_math=False,
                         **{"va": "baseline", **style})


def _commits(results: Results) -> str:
    """"commit 0123456789ab (changed)"; a history has a span of them."""
    builds = [each.run.get("regatta") or {} for each in results.sources]
    known = dict.fromkeys(
        (commit if " " in commit else commit[:12]) + (" (changed)" if build.get("dirty") else "")
        for build in builds if (commit := build.get("commit")))
    return f"commit {' and '.join(known)}" if known else ""


def _footer(results: Results, width: int) -> list[str]:
    """What the figures were measured on and with, wrapped; unknown parts are left out."""
    run = results.run
    machine = run.get("machine") or {}
    rounds = results.each_once("rounds")
    placements, runs = results.each_once("placement", "mode"), results.each_once("run_id")
    dates = dict.fromkeys((each.run.get("started_at") or "")[:10] for each in results.sources)
    parts = [
        machine.get("cpu_model"),
        machine.get("cpus_online") and f"{machine['cpus_online']} CPUs",
        " and ".join(results.each_once("machine", "kernel")),
        machine.get("virtualization"),
        " and ".join(results.each_once("regatta", "compiler")),
        _commits(results),
        placements and f"placement {' and '.join(placements)}",
        runs and f"run {' and '.join(runs)}",
        rounds and f"{' and '.join(rounds)} round{'s' if rounds != ['1'] else ''}",
        " and ".join(filter(None, dates)),
        results.filter and f"only {results.filter}",
        "truncated run" if results.truncated else None,
    ]
    known = [str(part) for part in parts if part]
    if not known:
        return ["machine unknown: the file has no run record"]
    lines = [known[0]]
    for part in known[1:]:
        if len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += " · " + part
        else:
            lines.append(part)
    return lines
