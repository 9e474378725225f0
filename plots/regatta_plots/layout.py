"""Pages of panels in inches: nothing overlaps, whatever the number of panels, rows and names."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .record import Results
from .style import Look

_CHARACTER = 0.078  # width of an average character at 9 points, in inches
_LINE = 0.17        # height of a line of text


@dataclass(frozen=True)
class Entry:
    """A line of the legend."""

    label: str
    look: Look


def plot_style(look: Look) -> dict:
    """The look as arguments of Axes.plot and Axes.errorbar."""
    return {"color": look.colour, "marker": look.marker, "linestyle": look.line,
            "markerfacecolor": "white" if look.hollow else look.colour,
            "markeredgecolor": "#555555" if look.colour == "#F0E442" else look.colour}


class Page:
    """A title, a grid of panels, a legend on the right and a footer."""

    def __init__(self, title: str, subtitle: str, panel_titles: list[str], results: Results, *,
                 legend: list[Entry] = (), panel_heights: list[float] | None = None,
                 gap: float = 0.75) -> None:
        count = len(panel_titles)
        columns = 1 if count == 1 else 2 if count in (2, 4) else 3
        rows = -(-count // columns)
        width = 6.4 if columns == 1 else 3.7
        heights = [max((panel_heights or [3.2 if columns == 1 else 2.6] * count)
                       [row * columns:(row + 1) * columns]) for row in range(rows)]
        wrapped = [textwrap.fill(text.replace("/", " "), int(width / _CHARACTER))
                   for text in panel_titles]
        titles = _LINE * max(text.count("\n") + 1 for text in wrapped) + 0.08
        longest = max((len(entry.label) for entry in legend), default=0)
        right = 0.75 + longest * _CHARACTER if legend else 0.3
        left, bottom, between = 0.95, 0.55, 0.85
        total_width = left + columns * width + (columns - 1) * between + right
        footer = _footer(results, int((total_width - 0.4) / (_CHARACTER * 0.78)))
        self._foot = 0.12 + _LINE * len(footer)
        legend_height = _LINE * 1.3 * len(legend)
        page = sum(heights) + (rows - 1) * gap + rows * titles + 0.75 + bottom + self._foot
        extra = max(0.0, legend_height + 1.2 - page)
        page += extra
        self.figure = Figure(figsize=(total_width, page))
        self._size = (total_width, page)
        self._text(0.2, page - 0.3, title, size=13, weight="bold")
        self._text(0.2, page - 0.52, subtitle, color="#444444")
        self._text(0.2, 0.1, "\n".join(footer), size=7, color="#555555", va="bottom")
        self.axes: list[Axes] = []
        top = page - 0.75
        for row in range(rows):
            top -= titles
            for column in range(min(columns, count - row * columns)):
                height = (panel_heights or heights * columns)[row * columns + column] \
                    if panel_heights else heights[row]
                self.axes.append(self.figure.add_axes((
                    (left + column * (width + between)) / total_width, (top - height) / page,
                    width / total_width, height / page)))
                self.axes[-1].set_title(wrapped[row * columns + column], loc="left")
            top -= heights[row] + gap
        self.columns = columns
        if legend:
            self._add_legend(legend, (total_width - right + 0.1) / total_width, (page - 0.7) / page)

    def label(self, x: str, y: str) -> None:
        """Axis labels: y beside the first panel of each row, x below the last of each column."""
        for number, axes in enumerate(self.axes):
            if number % self.columns == 0:
                axes.set_ylabel(y)
            if number + self.columns >= len(self.axes):
                axes.set_xlabel(x)

    def _add_legend(self, entries: list[Entry], x: float, y: float) -> None:
        handles = [Line2D([], [], label=entry.label, **plot_style(entry.look)) for entry in entries]
        self.figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(x, y),
                           borderaxespad=0, handlelength=2.4)

    def _text(self, x: float, y: float, text: str, **style) -> None:
        self.figure.text(x / self._size[0], y / self._size[1], text, **{"va": "baseline", **style})


def _footer(results: Results, width: int) -> list[str]:
    """What the figures were measured on and with, wrapped; unknown parts are left out."""
    run = results.run
    machine = run.get("machine") or {}
    build = run.get("regatta") or {}
    placement = run.get("placement") or {}
    commit = (build.get("commit") or "")[:12]
    rounds = run.get("rounds")
    parts = [
        machine.get("cpu_model"),
        machine.get("cpus_online") and f"{machine['cpus_online']} CPUs",
        machine.get("kernel") and f"Linux {machine['kernel']}",
        machine.get("virtualization"),
        build.get("compiler"),
        commit and f"commit {commit}{' (changed)' if build.get('dirty') else ''}",
        placement.get("mode") and f"placement {placement['mode']}",
        run.get("run_id") and f"run {run['run_id']}",
        rounds and f"{rounds} round{'s' if rounds != 1 else ''}",
        (run.get("started_at") or "")[:10],
        "truncated run" if results.truncated else None,
    ]
    line = " · ".join(str(part) for part in parts if part)
    return textwrap.wrap(line or "machine unknown: the file has no run record", width)
