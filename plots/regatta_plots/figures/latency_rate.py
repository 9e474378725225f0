"""What a user waits as the load grows: p99 of the response time against the rate achieved."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation

from ..errors import NoData
from ..layout import Page, panel_width, plot_style
from ..lines import MARK, legend_of, log_y, number, width_of
from ..panels import limited
from ..record import Results
from ..style import Look
from ..summary import Benchmark, benchmarks

TITLE = "Latency against rate"
PLACE = 21
_STEP = 7.0  # points between runtimes that stand at one rate
_FEWEST = 4  # runtimes of a panel, even if their marks do not find room side by side
LOAD = re.compile(r"/(rate_per_s|load_percent):[^/]*")


def points_of(benchmark: Benchmark) -> np.ndarray:
    """Rows of rate per second and p99 in microseconds, one for each ok trial that has both."""
    known = [(trial["metrics"].get("throughput_per_s"), trial["metrics"].get("latency_ns_p99"))
             for trial in benchmark.trials]
    return np.array([(rate, p99 / 1e3) for rate, p99 in known
                     if rate is not None and p99 is not None]).reshape(-1, 2)


def offered_beyond(benchmark: Benchmark) -> float | None:
    """The rate asked for where the p99 falls among unanswered requests in every trial."""
    loops = [trial["open_loop"] for trial in benchmark.trials if trial.get("open_loop")]
    if not loops or len(points_of(benchmark)) or not all(loop["censored"] for loop in loops):
        return None
    return float(np.median([loop["offered_per_s"] for loop in loops]))


def is_saturated(benchmark: Benchmark) -> bool:
    """Whether the backlog grew in more than half of the trials."""
    return 2 * sum(bool((trial.get("open_loop") or {}).get("is_saturated"))
                   for trial in benchmark.trials) > len(benchmark.trials)


def has_one_rate(members: list[Benchmark]) -> bool:
    """Whether all that is known is at one rate, so that marks would cover one another."""
    rates = [np.median(points[:, 0]) for member in members if len(points := points_of(member))]
    return max(rates) < 1.03 * min(rates)


def shared_rates(members: list[Benchmark]) -> list[float]:
    """The rates at which several runtimes stand, ascending; those within 3 % are one."""
    known = sorted((float(np.median(points[:, 0])), member.label) for member in members
                   if len(points := points_of(member)))
    near: list[list[tuple[float, str]]] = []
    for rate, label in known:
        if near and rate < 1.03 * near[-1][0][0]:
            near[-1].append((rate, label))
        else:
            near.append([(rate, label)])
    return [float(np.median([rate for rate, _ in each])) for each in near
            if len({label for _, label in each}) > 1]


def _step_of(members: list[Benchmark], count: int, width: float) -> float:
    """Points from one runtime's marks to the next's, of `count` in a panel `width` points wide:
    side by side where rates are shared, and not as far as the next shared rate."""
    shared = shared_rates(members)
    if not shared:
        return 0
    gaps = [b - a for a, b in pairwise(shared)]
    if not gaps:
        return _STEP
    room = 0.8 * min(gaps) / shared[-1]  # as a share of what is left of the panel
    return min(_STEP, room * width / (count * (1 + room)))


def _panels_of(groups: dict[str, list[Benchmark]], labels: list[str]) \
        -> list[tuple[str, list[Benchmark], list[str]]]:
    """Title, group and those of it that have marks: one panel a group, or several of which each has
    as many as stand side by side."""
    made = []
    for title, group in groups.items():
        own = [label for label in labels if any(member.label == label for member in group)]
        step = _step_of(group, len(own), 72 * panel_width(len(groups)))
        if step == 0 or step >= MARK + 1:
            made.append((title, group, own))
            continue
        fitting = [count for count in range(_FEWEST, len(own) + 1)
                   if _step_of(group, count, 72 * panel_width(3)) >= MARK + 1]
        parts = math.ceil(len(own) / max(fitting, default=_FEWEST))
        ends = [round(len(own) * part / parts) for part in range(parts + 1)]
        made += [(f"{title}: {', '.join(own[begin:end])}" if parts > 1 else title, group,
                  own[begin:end]) for begin, end in pairwise(ends)]
    return made


def _figures_of(members: list[Benchmark]) -> tuple[np.ndarray, list[Benchmark]]:
    """Of one runtime the rates, the medians of the p99, the lowest and the highest, by rate; and
    which benchmark each is of."""
    known = [(member, points_of(member)) for member in members]
    known = sorted(((m, p) for m, p in known if len(p)), key=lambda mp: np.median(mp[1][:, 0]))
    figures = [(*np.median(points, axis=0), points[:, 1].min(), points[:, 1].max())
               for _, points in known]
    return np.array(figures).reshape(-1, 4).T, [member for member, _ in known]


def _draw_runtime(axes: Axes, members: list[Benchmark], look: Look, shift: float) -> None:
    """One runtime's curve with its band, `shift` points to the right; hollow where it did not keep
    up."""
    (rates, middles, lows, highs), known = _figures_of(members)
    if not known:
        return
    drawn = plot_style(look)
    moved = axes.transData + ScaledTranslation(shift / 72, 0, axes.figure.dpi_scale_trans)
    axes.plot(rates, middles, color=drawn["color"], linestyle=drawn["linestyle"],
              label=members[0].label, transform=moved)
    axes.fill_between(rates, lows, highs, color=look.colour, alpha=0.18, linewidth=0,
                      transform=moved)
    for rate, middle, low, high, member in zip(rates, middles, lows, highs, known):
        hollow = {"markerfacecolor": "white"} if is_saturated(member) else {}
        if len(known) == 1:  # a band has no width there
            axes.plot([rate, rate], [low, high], color=look.colour, alpha=0.4, transform=moved,
                      label="_band")
        axes.plot(rate, middle, **{**drawn, "linestyle": "none", **hollow}, transform=moved,
                  label="_mark")


def _p99s_of(members: list[Benchmark]) -> np.ndarray:
    """What the axis must hold of one runtime: the medians, and the band where it is not many times
    as wide."""
    (_, middles, lows, highs), _ = _figures_of(members)
    return np.concatenate((middles, np.maximum(lows, middles / 4), np.minimum(highs, middles * 4)))


def _rates_of(members: list[Benchmark]) -> np.ndarray:
    """All that stand on the axis, those of the arrows too."""
    beyond = [rate for member in members if (rate := offered_beyond(member)) is not None]
    return np.array([*(np.median(points[:, 0]) for member in members
                       if len(points := points_of(member))), *beyond])


def _scale_to_one(axes: Axes, rates: np.ndarray, reach: float) -> None:
    """The rate in the middle, the only one on the axis, and a strip behind its marks, which reach
    so many points to either side."""
    rate = float(np.median(rates))
    axes.set_xlim(0, max(2 * rate, 1.06 * rates.max()))
    aside = reach / width_of(axes) * axes.get_xlim()[1]
    axes.axvspan(rate - aside, rate + aside, color="#f3f3f3", zorder=0)
    axes.xaxis.set_major_locator(FixedLocator([rate]))


def _scale_to_all(axes: Axes, rates: np.ndarray, shared: list[float], reach: float) -> None:
    """From zero, or further left where marks reach so far. Where runtimes stand side by side, the
    axis has their rates, as far as there is room, and a strip behind each."""
    width, edge = width_of(axes), reach + MARK
    unit = (rates.max() - rates.min()) / (width - 2 * edge)
    left = min(0, rates.min() - edge * unit)
    right = max(1.06 * rates.max(), (rates.max() * width - edge * left) / (width - edge))
    axes.set_xlim(left, right)
    if not reach:
        axes.xaxis.set_major_locator(FixedLocator(
            [tick for tick in MaxNLocator(4).tick_values(0, right) if 0 <= tick <= right]))
        return
    point = (right - left) / width
    labelled: list[float] = []
    for rate in shared:
        axes.axvspan(rate - reach * point, rate + reach * point, color="#f3f3f3", zorder=0)
        if not labelled or rate - labelled[-1] >= 40 * point:
            labelled.append(rate)
    axes.xaxis.set_major_locator(FixedLocator(labelled))


def _draw_panel(axes: Axes, group: list[Benchmark], own: list[str], looks: dict[str, Look]) -> None:
    """The runtimes `own` in colour, the group's others grey; all of the group set the axes."""
    by_label: dict[str, list[Benchmark]] = {}
    for member in group:
        by_label.setdefault(member.label, []).append(member)
    for label in by_label.keys() - set(own):
        rates, middles = _figures_of(by_label[label])[0][:2]
        axes.plot(rates, middles, color="#cccccc", linewidth=0.8, label="_other", zorder=1)
    step = _STEP if has_one_rate(group) else _step_of(group, len(own), width_of(axes))
    for place, label in enumerate(own):
        _draw_runtime(axes, by_label[label], looks[label], step * (place - (len(own) - 1) / 2))
        for rate in filter(None, map(offered_beyond, by_label[label])):
            axes.plot(rate, 0.97, transform=axes.get_xaxis_transform(), linestyle="none",
                      marker="$\\uparrow$", markersize=10, color=looks[label].colour,
                      label="_beyond")
    values = np.concatenate([_p99s_of(members) for members in by_label.values()])
    log_y(axes, values.min() / 1.3, values.max() * 1.3)
    if has_one_rate(group):
        _scale_to_one(axes, _rates_of(group), step * (len(own) - 1) / 2 + _STEP)
    else:
        _scale_to_all(axes, _rates_of(group), shared_rates(group), step * len(own) / 2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def draw(results: Results) -> Figure:
    groups: dict[str, list[Benchmark]] = {}
    for benchmark in benchmarks(results):
        if benchmark.mode == "open" and (len(points_of(benchmark))
                                         or offered_beyond(benchmark) is not None):
            groups.setdefault(LOAD.sub("", benchmark.group), []).append(benchmark)
    groups = {group: members for group, members in groups.items()
              if any(len(points_of(member)) for member in members)}
    if not groups:
        raise NoData("no open-loop trial has a p99 of the response time (run with --rate)")
    legend = legend_of({(group, ""): members for group, members in groups.items()})
    looks = {entry.label: entry.look for entry in legend}
    panels, left_out = limited(dict(enumerate(_panels_of(groups, list(looks)))))
    grey = "; grey: those that stand in other panels" if len(panels) > len(groups) else ""
    page = Page(TITLE, "Open loop, response time from the intended time; median of trials, band: "
                "lowest to highest trial; hollow: the backlog grew; arrow: p99 is among unanswered "
                "requests, at the rate asked for; at one rate, side by side" + grey + left_out,
                [title for title, _, _ in panels.values()], results, legend=legend)
    for axes, (_, group, own) in zip(page.axes, panels.values()):
        _draw_panel(axes, group, own, looks)
    is_long = max(axes.get_ylim()[1] for axes in page.axes) >= 1e6
    for axes in page.axes if is_long else []:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value / 1e3)))
    unit = "ms" if is_long else "µs"
    page.label("replies per second", f"p99 response time, {unit} (log scale)")
    return page.figure
