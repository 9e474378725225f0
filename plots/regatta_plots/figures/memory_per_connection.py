"""What a server costs over its idle connections: the fitted lines, and their slopes by part."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from .. import style
from ..errors import NoData
from ..layout import Entry, Page, panel_width, plot_style
from ..lines import MARK, Places, log_y, number, width_of
from ..panels import PANELS_MAX, limited
from ..record import Results
from ..stats import Line, fit_line
from ..summary import natural_key, split_name

TITLE = "Memory per connection"
PLACE = 31
# The parts of a reading that are charged to the server, and how a bar shows them.
PARTS = {"pss_bytes": ("user", ""), "page_table_bytes": ("page tables", "xxxx"),
         "kernel_stack_bytes": ("kernel stacks", "////")}


def points_of(records: list[dict], parts) -> list[tuple[float, float]]:
    """Connections and bytes of each ok trial that was told all of `parts`."""
    return [(record["connections"], sum(record["reading"][part] for part in parts))
            for record in records
            if all(record["reading"].get(part) is not None for part in parts)]


def grouped(results: Results) -> dict[str, dict[tuple[str, str], list[dict]]]:
    """All records of each group, by label and runtime."""
    found: dict[str, dict[tuple[str, str], list[dict]]] = {}
    for record in results.memory:
        counted = f"/{record.get('counted', 'connections')}:{record['connections']}"
        group, label = split_name(record["benchmark"].replace(counted, ""), record["runtime"])
        found.setdefault(group, {}).setdefault((label, record["runtime"]), []).append(record)
    return {group: dict(sorted(members.items(), key=lambda item: (
        style.order_key(item[0][1]), natural_key(item[0][0]))))
        for group, members in sorted(found.items(), key=lambda item: natural_key(item[0]))}


def by_panel(results: Results) -> dict[str, dict[tuple[str, str], list[dict]]]:
    """Of that, the ok records, where there are three counts or more."""
    panels = {}
    for group, members in grouped(results).items():
        kept = {key: [each for each in records if each["status"] == "ok"]
                for key, records in members.items()}
        kept = {key: records for key, records in kept.items()
                if len({each["connections"] for each in records}) >= 3}
        if kept:
            panels[group] = kept
    return panels


def counted_in(members: dict[tuple[str, str], list[dict]]) -> str:
    """"connections" or "tasks"."""
    return next(iter(members.values()))[0].get("counted", "connections")


def _counts_of(members: dict) -> list[int]:
    """Those above zero, ascending."""
    return sorted({each["connections"] for records in members.values() for each in records} - {0})


def is_log(members: dict) -> bool:
    """Whether the counts span more than two decades: on linear axes all but the largest would
    stand at zero."""
    counts = _counts_of(members)
    return counts[-1] > 100 * counts[0]


def _width_for(members: dict) -> float:
    """Inches of a panel in which all runtimes' marks stand side by side, as far as a page is wide
    enough."""
    widths = np.arange(panel_width(3), panel_width(1), 0.1)
    return next((width for width in widths if not is_log(members) or Places.of(
        _counts_of(members), 72 * width, len(members)).step >= MARK + 1), panel_width(1))


def _draw_lines(axes: Axes, members: dict, looks: dict[str, style.Look]) -> None:
    """A dot for each trial and the line through them."""
    top = 0.0
    for (label, _), records in members.items():
        points = points_of(records, PARTS)
        line = fit_line(points)
        if line is None:
            continue
        x, y = np.array(points).T
        look = plot_style(looks[label])
        axes.plot(x, y / 2**20, **{**look, "linestyle": "none", "markersize": 4}, label="_points")
        ends = np.array([0, x.max()])
        axes.plot(ends, (line.intercept + line.slope * ends) / 2**20, color=look["color"],
                  linestyle=look["linestyle"], label=label)
        top = max(top, y.max() / 2**20)
    axes.set_ylim(0, top * 1.06 or 1)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _draw_log_lines(axes: Axes, members: dict, looks: dict[str, style.Look]) -> None:
    """The same on logarithmic axes, the runtimes side by side at each count; no count of zero."""
    counts = _counts_of(members)
    width = width_of(axes)
    places = Places.of(counts, width, len(members))
    point = math.log(counts[-1] / counts[0]) / (width - 2 * places.inset)
    axes.set_xscale("log")
    axes.set_xlim(counts[0] * math.exp(-places.inset * point),
                  counts[-1] * math.exp(places.inset * point))
    axes.xaxis.set_major_locator(FixedLocator(counts))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    for count in counts:
        axes.axvspan(count * math.exp(-places.reach * point),
                     count * math.exp(places.reach * point), color="#f3f3f3", zorder=0)
    drawn = []
    for place, ((label, _), records) in enumerate(members.items()):
        points = points_of(records, PARTS)
        line = fit_line(points)
        if line is None:
            continue
        x, y = np.array([point for point in points if point[0] > 0]).T
        shift = places.step * (place - (len(members) - 1) / 2) / 72
        moved = axes.transData + ScaledTranslation(shift, 0, axes.figure.dpi_scale_trans)
        look = plot_style(looks[label])
        axes.plot(x, y / 2**20, **{**look, "linestyle": "none", "markersize": MARK},
                  transform=moved, label="_points")
        along = np.geomspace(x.min(), x.max(), 50)
        fitted = line.intercept + line.slope * along
        axes.plot(along, np.where(fitted > 0, fitted, np.nan) / 2**20, color=look["color"],
                  linestyle=look["linestyle"], linewidth=0.9, transform=moved, label=label)
        drawn.append(y / 2**20)
    if drawn:
        values = np.concatenate(drawn)
        log_y(axes, values.min() / 1.4, values.max() * 1.4)


def _draw_bars(axes: Axes, members: dict, looks: dict[str, style.Look]) -> None:
    """The slopes: parts side by side in one bar, the sum and its interval at the end."""
    longest = 0.0
    for row, ((label, _), records) in enumerate(members.items()):
        start = 0.0
        for part, (_, hatch) in PARTS.items():
            line = fit_line(points_of(records, [part]))
            length = max(line.slope / 1024, 0) if line else 0
            axes.barh(row, length, left=start, height=0.7, color=looks[label].colour,
                      hatch=hatch, edgecolor="white", linewidth=0, label="_" + part)
            start += length
        whole: Line | None = fit_line(points_of(records, PARTS))
        if whole is not None:
            axes.errorbar(start, row, xerr=[[(whole.slope - whole.low) / 1024],
                                            [(whole.high - whole.slope) / 1024]],
                          fmt="none", ecolor="#777777", elinewidth=1, capsize=2)
            axes.text(1.02, row, f"{whole.slope / 1024:,.2f}", va="center",
                      transform=axes.get_yaxis_transform())
            longest = max(longest, start)
    axes.set_xlim(0, longest * 1.08 or 1)
    axes.set_ylim(len(members) - 0.4, -0.6)
    axes.set_yticks(range(len(members)), [label for label, _ in members])
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def draw(results: Results) -> Figure:
    panels = by_panel(results)
    if not panels:
        raise NoData("no benchmark has ok memory trials at three connection counts")
    panels, left_out = limited(panels, PANELS_MAX // 2)
    pairs = {pair for members in panels.values() for pair in members}
    looks = style.looks(pairs)
    order = sorted(pairs, key=lambda pair: (style.order_key(pair[1]), natural_key(pair[0])))
    titles = [title for group, members in panels.items() for title in
              (f"{group}: server's memory, MiB{' (log scale)' if is_log(members) else ''}",
               f"{group}: KiB for each {counted_in(members).rstrip('s')}")]
    rows = max(len(members) for members in panels.values())
    beside = "; on log scales side by side" if any(map(is_log, panels.values())) else ""
    page = Page(TITLE, "Idle connections or waiting tasks; one dot a trial, lines by least "
                "squares; user memory (PSS), page tables and kernel stacks, 95 % interval of the "
                f"sum{beside}{left_out}",
                titles, results, legend=[Entry(label, looks[label]) for label, _ in order],
                heights=[max(2.6, 0.3 + 0.19 * rows)] * len(titles),
                row_names=[label for label, _ in order], aside=0.5, columns=2,
                width=max(map(_width_for, panels.values())))
    for place, members in enumerate(panels.values()):
        draw_lines = _draw_log_lines if is_log(members) else _draw_lines
        draw_lines(page.axes[2 * place], members, looks)
        _draw_bars(page.axes[2 * place + 1], members, looks)
        page.axes[2 * place + 1].legend(
            handles=[Patch(facecolor="#999999", edgecolor="white", hatch=hatch, label=name)
                     for name, hatch in PARTS.values()],
            loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, fontsize=8)
    for axes, members in zip(page.axes[::2], panels.values()):
        is_left_out = any(each["connections"] == 0 for records in members.values()
                          for each in records)
        scale = f" (log scale{'; 0 left out' if is_left_out else ''})" if is_log(members) else ""
        axes.set_xlabel(f"idle {counted_in(members)}{scale}")
    return page.figure
