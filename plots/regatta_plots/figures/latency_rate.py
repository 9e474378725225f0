"""What a user waits as the load grows: p99 of the response time against the rate achieved."""

from __future__ import annotations

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation

from ..errors import NoData
from ..layout import Page, plot_style
from ..lines import legend_of, log_y, number
from ..panels import limited
from ..record import Results
from ..style import Look
from ..summary import Benchmark, benchmarks

TITLE = "Latency against rate"
PLACE = 21
_STEP = 7.0  # points between runtimes that stand at one rate
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


def _draw_runtime(axes: Axes, members: list[Benchmark], look: Look, shift: float) -> np.ndarray:
    """One runtime's curve with its band, `shift` points to the right; hollow where it did not keep
    up. Gives what the axis must hold: the p99s, and the band where it is not many times as wide."""
    known = [(member, points_of(member)) for member in members]
    known = sorted(((m, p) for m, p in known if len(p)), key=lambda mp: np.median(mp[1][:, 0]))
    if not known:
        return np.array([])
    rates = np.array([np.median(points[:, 0]) for _, points in known])
    middles = np.array([np.median(points[:, 1]) for _, points in known])
    lows = np.array([points[:, 1].min() for _, points in known])
    highs = np.array([points[:, 1].max() for _, points in known])
    drawn = plot_style(look)
    axes.plot(rates, middles, color=drawn["color"], linestyle=drawn["linestyle"],
              label=members[0].label)
    axes.fill_between(rates, lows, highs, color=look.colour, alpha=0.18, linewidth=0)
    moved = axes.transData + ScaledTranslation(shift / 72, 0, axes.figure.dpi_scale_trans)
    for rate, middle, low, high, (member, _) in zip(rates, middles, lows, highs, known):
        hollow = {"markerfacecolor": "white"} if is_saturated(member) else {}
        if len(known) == 1:  # a band has no width there
            axes.plot([rate, rate], [low, high], color=look.colour, alpha=0.4, transform=moved,
                      label="_band")
        axes.plot(rate, middle, **{**drawn, "linestyle": "none", **hollow}, transform=moved,
                  label="_mark")
    return np.concatenate((middles, np.maximum(lows, middles / 4), np.minimum(highs, middles * 4)))


def _scale_to_one(axes: Axes, rates: np.ndarray, reach: float) -> None:
    """The rate in the middle, the only one on the axis, and a strip behind its marks, which reach
    so many points to either side."""
    rate, width = float(np.median(rates)), axes.get_position().width * axes.figure.get_figwidth()
    axes.set_xlim(0, max(2 * rate, 1.06 * rates.max()))
    aside = reach / (72 * width) * axes.get_xlim()[1]
    axes.axvspan(rate - aside, rate + aside, color="#f3f3f3", zorder=0)
    axes.xaxis.set_major_locator(FixedLocator([rate]))


def draw(results: Results) -> Figure:
    panels: dict[str, list[Benchmark]] = {}
    for benchmark in benchmarks(results):
        if benchmark.mode == "open" and (len(points_of(benchmark))
                                         or offered_beyond(benchmark) is not None):
            panels.setdefault(LOAD.sub("", benchmark.group), []).append(benchmark)
    panels = {group: members for group, members in panels.items()
              if any(len(points_of(member)) for member in members)}
    if not panels:
        raise NoData("no open-loop trial has a p99 of the response time (run with --rate)")
    panels, left_out = limited(panels)
    legend = legend_of({(group, ""): members for group, members in panels.items()})
    looks = {entry.label: entry.look for entry in legend}
    page = Page(TITLE, "Open loop, response time from the intended time; median of trials, band: "
                "lowest to highest trial; hollow: the backlog grew; arrow: p99 is among unanswered "
                "requests, at the rate asked for; at one rate, side by side" + left_out,
                list(panels), results, legend=legend)
    for axes, members in zip(page.axes, panels.values()):
        own = [label for label in looks if any(member.label == label for member in members)]
        step = _STEP if has_one_rate(members) else 0
        values = np.concatenate([
            _draw_runtime(axes, [m for m in members if m.label == label], looks[label],
                          step * (place - (len(own) - 1) / 2)) for place, label in enumerate(own)])
        log_y(axes, values.min() / 1.3, values.max() * 1.3)
        for member in members:
            if (rate := offered_beyond(member)) is not None:
                axes.plot(rate, 0.97, transform=axes.get_xaxis_transform(), linestyle="none",
                          marker="$\\uparrow$", markersize=10, color=looks[member.label].colour,
                          label="_beyond")
        rates = np.concatenate([line.get_xdata() for line in axes.lines])
        if step:
            _scale_to_one(axes, rates, step * (len(own) - 1) / 2 + _STEP)
        else:
            axes.set_xlim(0, rates.max() * 1.06)
            axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    is_long = max(axes.get_ylim()[1] for axes in page.axes) >= 1e6
    for axes in page.axes if is_long else []:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value / 1e3)))
    unit = "ms" if is_long else "µs"
    page.label("replies per second", f"p99 response time, {unit} (log scale)")
    return page.figure
