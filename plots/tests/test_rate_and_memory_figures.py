"""Latency against rate and memory for each connection: what stands in the figure is what stands in the file."""

import statistics
from itertools import combinations, pairwise

import numpy as np
import pytest
import synthetic
from conftest import FIFTEEN, FOUR, draw, line
from matplotlib.backends.backend_agg import FigureCanvasAgg

from regatta_plots import lines


def test_memory_lines_and_bars_are_the_fitted_slopes(four):
    lines, bars = draw("memory_per_connection", four).axes
    for row, runtime in enumerate(FOUR):
        points = [(r["connections"], sum(r["reading"][part] for part in
                   ("pss_bytes", "page_table_bytes", "kernel_stack_bytes")))
                  for r in four.memory if r["runtime"] == runtime]
        slope, intercept = np.polyfit(*np.array(points, dtype=float).T, 1)
        drawn = line(lines, runtime)
        assert list(drawn.get_xdata()) == [0, 10_000]
        assert drawn.get_ydata()[1] == pytest.approx((intercept + slope * 10_000) / 2**20)
        parts = [patch for patch in bars.patches
                 if patch.get_y() + patch.get_height() / 2 == pytest.approx(row)]
        assert len(parts) == 3
        assert sum(patch.get_width() for patch in parts) == pytest.approx(slope / 1024, rel=1e-6)
        assert bars.texts[row].get_text() == f"{slope / 1024:,.2f}"


def test_latency_over_rate_is_the_median_and_marks_who_fell_behind(four):
    (axes,) = draw("latency_rate", four).axes
    for runtime in FOUR:
        of_rate = {per_s: [t["metrics"] for t in four.trials if t["runtime"] == runtime
                           and t["params"].get("rate_per_s") == per_s]
                   for per_s in synthetic.RATES}
        drawn = line(axes, runtime)
        for per_s, x, y in zip(synthetic.RATES, drawn.get_xdata(), drawn.get_ydata()):
            assert x == pytest.approx(
                statistics.median(m["throughput_per_s"] for m in of_rate[per_s]))
            assert y == pytest.approx(
                statistics.median(m["latency_ns_p99"] for m in of_rate[per_s]) / 1e3)
    hollow = [each for each in axes.lines if each.get_markerfacecolor() == "white"]
    assert [each.get_xdata()[0] for each in hollow] == pytest.approx([8000], rel=0.02)


def test_a_rate_whose_p99_nobody_knows_is_an_arrow_and_not_a_point(results_of):
    records = synthetic.run(["asio", "uring"], [50], everything=True, workloads=())
    for record in records:
        if record.get("runtime") == "uring" and record["params"].get("rate_per_s") == 8000:
            record["metrics"]["latency_ns_p99"] = None
            record["open_loop"] |= {"censored": 900, "censored_ns_min": 2 * 10**9}
    (axes,) = draw("latency_rate", results_of(records)).axes
    assert len(line(axes, "asio").get_xdata()) == 3 and len(line(axes, "uring").get_xdata()) == 2
    [arrow] = [each for each in axes.lines if each.get_label() == "_beyond"]
    assert list(arrow.get_xdata()) == [8000]
    titles = [each.get_title(loc="left").replace("\n", " ")
              for each in draw("coordinated_omission", results_of(records)).axes]
    assert titles[0].startswith("asio") and "unknown" not in titles[0]
    assert titles[1].endswith("omission factor unknown, 2,700 unanswered requests are in no curve")


def test_marks_of_a_single_rate_are_not_cut_off(results_of):
    records = [each for each in synthetic.run(FOUR, [50], everything=True, workloads=())
               if (each.get("params") or {}).get("rate_per_s") in (None, 4000)]
    figure = draw("latency_rate", results_of(records))
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    inside = axes.get_window_extent()
    marks = [each for each in axes.lines if each.get_label() == "_mark"]
    assert len(marks) == len(FOUR)
    places = sorted(each.get_transform().transform((each.get_xdata()[0], each.get_ydata()[0]))[0] for each in marks)
    assert min(b - a for a, b in pairwise(places)) > 5 * figure.dpi / 72  # none covers another
    for each in axes.lines:
        for x, y in each.get_transform().transform(np.column_stack(each.get_data())):
            assert inside.x0 + 4 <= x <= inside.x1 - 4 and inside.y0 + 4 <= y <= inside.y1 - 4


def test_long_waits_are_told_in_milliseconds(results_of):
    records = synthetic.run(["asio"], [50], everything=True, workloads=())
    for record in records:
        if record.get("mode") == "open":
            record["metrics"]["latency_ns_p99"] = 2 * 10**9
    (axes,) = draw("latency_rate", results_of(records)).axes
    assert axes.get_ylabel() == "p99 response time, ms (log scale)"
    assert axes.yaxis.get_major_formatter()(2e6, 0) == "2,000"


def test_the_band_stays_in_the_panel(results_of):
    records = synthetic.run(["asio"], [50], everything=True, workloads=())
    for record in records:
        if record.get("mode") == "open":
            record["metrics"]["latency_ns_p99"] = (5, 10, 15)[record["round"]] * 10**6
    (axes,) = draw("latency_rate", results_of(records)).axes
    low, high = axes.get_ylim()
    assert low < 5000 and high > 15_000


def test_tasks_are_not_called_connections(results_of):
    records = synthetic.run(["asio"], [50], everything=True, workloads=())
    for record in records:
        if record["record"] == "memory":
            record["counted"] = "tasks"
            record["benchmark"] = record["benchmark"].replace("connections:", "tasks:")
    lines, bars = draw("memory_per_connection", results_of(records)).axes
    assert lines.get_xlabel() == "idle tasks"
    assert bars.get_title(loc="left").endswith("KiB for each task")


@pytest.mark.parametrize("rates", [(1000, 4000, 8000), tuple(range(1000, 9000, 1000))])
def test_runtimes_at_the_same_rates_stand_side_by_side(rates, monkeypatch, results_of):
    monkeypatch.setattr(synthetic, "RATES", rates)
    figure = draw("latency_rate", results_of(synthetic.run(
        FIFTEEN, [50], 1, workloads=(), samples=10_000, everything=True)))
    FigureCanvasAgg(figure).draw()
    size, shown = lines.MARK * figure.dpi / 72, []
    for axes in figure.axes:
        own = [each for each in axes.lines if each.get_label() in FIFTEEN]
        shown += [each.get_label() for each in own]
        marks = [each.get_transform().transform(np.column_stack(each.get_data()))
                 for each in own]
        for one, other in combinations(marks, 2):
            assert np.abs(one[:, np.newaxis] - other[np.newaxis]).max(axis=2).min() >= size
        inside = axes.get_window_extent()
        for x, _ in np.concatenate(marks):
            assert inside.x0 + size / 2 <= x <= inside.x1 - size / 2
        others = [each for each in axes.lines if each.get_label() == "_other"]
        assert len(own) + len(others) == len(FIFTEEN)
    assert sorted(shown) == sorted(FIFTEEN)
    assert (len(figure.axes) > 1) == (len(rates) > 3)


def test_memory_over_many_decades_is_on_log_scales_with_marks_side_by_side(results_of):
    names, counts = FIFTEEN[:13], (0, 1000, 10_000, 100_000, 1_000_000)
    rng = np.random.default_rng(7)
    records = synthetic.run(names, [50], 1, workloads=("echo",), samples=500)
    records[1:-1] = [synthetic.memory(name, count, 0, rng, 2.0) for name in names
                     for count in counts]
    figure = draw("memory_per_connection", results_of(records))
    FigureCanvasAgg(figure).draw()
    axes, _ = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert axes.get_xlabel() == "idle connections (log scale; 0 left out)"
    assert axes.get_title(loc="left").endswith("MiB (log scale)")
    marks = [each for each in axes.lines if each.get_label() == "_points"]
    assert all(list(each.get_xdata()) == list(counts[1:]) for each in marks)
    reading = next(r["reading"] for r in records if r.get("connections") == 10_000)
    assert marks[0].get_ydata()[1] == pytest.approx(sum(
        reading[part] for part in ("pss_bytes", "page_table_bytes", "kernel_stack_bytes")) / 2**20)
    places = [each.get_transform().transform(np.column_stack(each.get_data())) for each in marks]
    for one, other in combinations(places, 2):
        apart = np.abs(one[:, np.newaxis] - other[np.newaxis]).max(axis=2)
        assert apart.min() >= lines.MARK * figure.dpi / 72
    curve = line(axes, names[0])
    points = [(r["connections"], sum(r["reading"][part] for part in (
        "pss_bytes", "page_table_bytes", "kernel_stack_bytes")))
        for r in records if r["record"] == "memory" and r["runtime"] == names[0]]
    slope, intercept = np.polyfit(*np.array(points, dtype=float).T, 1)
    assert curve.get_ydata()[-1] == pytest.approx((intercept + slope * 10**6) / 2**20)
