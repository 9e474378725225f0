"""What a spawned task, a switch or another step of a job costs: time for each unit, as dots."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..dots import Dot, Row, column_width, draw_rows
from ..errors import NoData
from ..layout import Page
from ..lines import legend_of
from ..panels import limited
from ..record import Results
from ..stats import Estimate
from ..summary import Benchmark, benchmarks, by_group

TITLE = "Time for each unit of a job"
PLACE = 40
METRIC = "throughput_per_s"


def time_of(benchmark: Benchmark) -> Estimate:
    """Nanoseconds for each unit: the inverse of the rate, whose interval turns round with it."""
    rate = benchmark.estimate(METRIC)
    if not rate.median > 0:
        return Estimate()
    return Estimate(1e9 / rate.median, 1e9 / rate.high, 1e9 / rate.low, rate.method)


def draw(results: Results) -> Figure:
    jobs = [each for each in benchmarks(results) if each.mode is None]
    panels = {key: members for key, members in by_group(jobs, Benchmark.loop).items()
              if any(time_of(member).median > 0 for member in members)}
    if not panels:
        raise NoData("no ok trial of a job has a rate (suites cpu and primitives have jobs)")
    panels, left_out = limited(panels)
    looks = {entry.label: entry.look for entry in legend_of(panels)}
    page = Page(TITLE, "Jobs: wall time for each unit (a task started and joined, a switch, a "
                "message, a block hashed; see the workload's page); median of trials, 95 % "
                f"intervals{left_out}", [group for group, _ in panels], results,
                row_names=list(looks), aside=column_width(1),
                heights=[0.3 + 0.21 * len(members) for members in panels.values()])
    for axes, members in zip(page.axes, panels.values()):
        estimates = [time_of(member) for member in members]
        divisor = 1e3 if max(e.median for e in estimates if e.median > 0) >= 1e6 else 1
        draw_rows(axes, [Row(member.label, [Dot(estimate, looks[member.label])])
                         for member, estimate in zip(members, estimates)], divisor)
        axes.set_xlabel(f"{'µs' if divisor == 1e3 else 'ns'} for each unit (log scale)")
    return page.figure
