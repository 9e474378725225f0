"""What stands in a figure is what stands in the file."""

import functools
import math
import statistics
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
import synthetic
from conftest import FIFTEEN, FOUR, draw, line
from matplotlib.backends.backend_agg import FigureCanvasAgg

from regatta_plots import figures, lines, style
from regatta_plots.errors import NoData
from regatta_plots.histogram import Histogram
from regatta_plots.record import Results
from regatta_plots.stats import summarise

ROOT = Path(__file__).parents[2]
AGAINST_CONNECTIONS = {"throughput_connections": ("throughput_per_s", 1),
                       "p99_connections": ("latency_ns_p99", 1e3),
                       "memory_connections": ("pss_bytes_peak", 2**20)}


def values(results, runtime, connections, metric):
    return [t["metrics"][metric] for t in results.trials if t["runtime"] == runtime
            and t["workload"] == "echo" and t["params"]["connections"] == connections]


@pytest.mark.parametrize("name", AGAINST_CONNECTIONS)
def test_lines_are_the_medians_with_their_intervals(four, name):
    metric, divisor = AGAINST_CONNECTIONS[name]
    (axes,) = draw(name, four).axes
    for runtime in FOUR:
        drawn = line(axes, runtime)
        assert list(drawn.get_xdata()) == [1, 50, 500]
        for x, y in zip(drawn.get_xdata(), drawn.get_ydata()):
            assert y == pytest.approx(
                statistics.median(values(four, runtime, x, metric)) / divisor)
    bars = axes.containers[FOUR.index("fiber")].lines[2][0].get_segments()
    expected = summarise(values(four, "fiber", 500, metric))
    assert bars[2][0][1] == pytest.approx(expected.low / divisor)
    assert bars[2][1][1] == pytest.approx(expected.high / divisor)


def marks_of(axes):
    """The marks of each runtime of a panel, in pixels."""
    return [each.get_transform().transform(np.column_stack(each.get_data()))
            for each in axes.lines if each.get_label() == "_marks"]


@pytest.mark.parametrize("connections", [[1, 50, 500], [1, 4, 16, 50, 100, 500, 1000, 5000],
                                         list(range(10, 210, 10)), [1, 10_000]])
@pytest.mark.parametrize("count", [1, 2, 4, 8, 15])
def test_no_mark_covers_that_of_another_runtime(count, connections):
    results = many(tuple(FIFTEEN[:count]), tuple(connections), 2)
    figure = draw("throughput_connections", results)
    FigureCanvasAgg(figure).draw()
    size = lines.MARK * figure.dpi / 72
    shown = 0
    for axes in figure.axes:
        marks = marks_of(axes)
        shown += len(marks)
        for one, other in combinations(marks, 2):
            apart = np.abs(one[:, np.newaxis] - other[np.newaxis]).max(axis=2)
            assert apart.min() >= size
        inside = axes.get_window_extent()
        for x, _ in np.concatenate(marks):
            assert inside.x0 + size / 2 <= x <= inside.x1 - size / 2
    assert shown == count


def test_each_runtime_of_many_is_drawn_once_and_grey_elsewhere():
    figure = draw("p99_connections", many(tuple(FIFTEEN), (1, 4, 16, 50, 100, 500, 1000, 5000), 2))
    drawn = [each.get_label() for axes in figure.axes for each in axes.lines]
    assert sorted(label for label in drawn if not label.startswith("_")) == sorted(FIFTEEN)
    assert drawn.count("_other") == (len(figure.axes) - 1) * len(FIFTEEN)
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert "grey: those that stand in other panels" in figure.texts[1].get_text()


def test_many_values_are_curves_with_bands():
    (axes,) = draw("throughput_connections", many(("asio", "uring"), tuple(range(10, 510, 10)), 2)).axes
    assert not marks_of(axes) and not axes.containers
    assert len(line(axes, "asio").get_xdata()) == 50 and len(axes.collections) == 2


def test_missing_figures_are_gaps(results_of):
    records = synthetic.run(["thread", "asio"], [1, 50, 500], workloads=("echo",))
    for record in records:
        if record.get("runtime") == "asio" and record["params"]["connections"] == 50:
            record.update(status="failed", metrics=None, latency=None, reasons=["it died"])
    (axes,) = draw("throughput_connections", results_of(records)).axes
    drawn = line(axes, "asio").get_ydata()
    assert [math.isnan(y) for y in drawn] == [False, True, False]


def test_only_what_differs_in_connections_makes_a_line(results_of):
    records = synthetic.run(["asio"], [1, 50], workloads=("echo", "hash"))
    rng = np.random.default_rng(5)
    params = {"delay_us": 10_000, "connections": 200, "workers": 1}
    records.insert(1, synthetic.trial("asio", "delay", params, 0, rng, 1))
    titles = [axes.get_title(loc="left")
              for axes in draw("throughput_connections", results_of(records)).axes]
    assert titles == ["echo size:64 workers:1"]


def test_open_and_closed_loop_never_share_a_panel(results_of):
    records = synthetic.run(["asio"], [1, 50], workloads=("echo",))
    opened = synthetic.run(["asio"], [1, 50], workloads=("echo",))[1:-1]
    for record in opened:
        record.update(mode="open", latency_kind="response")
        record["benchmark"] = record["benchmark"].replace("/connections", "/rate:9/connections")
        record["params"]["rate"] = 9
    results = results_of(records[:-1] + opened + records[-1:])
    titles = {axes.get_title(loc="left").replace("\n", " ")
              for axes in draw("p99_connections", results).axes}
    assert titles == {"echo size:64 rate:9 workers:1 (open loop, response time)",
                      "echo size:64 workers:1 (closed loop, service time)"}


def test_percentile_curve_is_the_merged_histogram(four):
    axes = next(a for a in draw("latency_percentiles", four).axes
                if "echo size:64 connections:50 " in a.get_title(loc="left"))
    trials = [t["latency"] for t in four.trials
              if t["runtime"] == "uring" and t["workload"] == "echo" and t["params"].get("connections") == 50]
    merged = Histogram()
    for histogram in trials:
        merged.merge(histogram)
    drawn = line(axes, "uring")
    tail = np.asarray(drawn.get_xdata())
    assert tail[0] == 1 and tail[-1] == pytest.approx(merged.count / 100)
    assert np.array_equal(drawn.get_ydata(), merged.values_at(1 - 1 / tail) / 1e3)
    band = axes.collections[FOUR.index("uring")].get_paths()[0].vertices
    at_p50 = sorted(y for x, y in band if x == pytest.approx(10 ** 0.3))
    each = [h.values_at(np.array([1 - 10 ** -0.3]))[0] / 1e3 for h in trials]
    assert [at_p50[0], at_p50[-1]] == pytest.approx([min(each), max(each)])


def test_cpu_bars_start_at_zero_and_end_at_the_median(four):
    panels = draw("cpu_per_request", four).axes
    axes = next(a for a in panels if "connections:50 " in a.get_title(loc="left"))
    assert axes.get_xlim()[0] == 0
    for patch, runtime in zip(axes.patches, FOUR):
        assert patch.get_x() == 0
        expected = statistics.median(values(four, runtime, 50, "server_cpu_ns_per_op")) / 1e3
        assert patch.get_width() == pytest.approx(expected)
    assert [text.get_text() for text in axes.get_yticklabels()] == FOUR


@pytest.mark.parametrize("name", figures.in_reports())
def test_no_data_says_what_is_missing(results_of, name):
    records = synthetic.run(["asio"], [50], workloads=("echo",))
    for record in records[1:-1]:
        record.update(status="failed", metrics=None, latency=None)
    with pytest.raises(NoData, match="no .* (has|have) "):
        draw(name, results_of(records))


@functools.cache
def many(runtimes, connections, rounds):
    """Results with everything in them; made once for all figures."""
    made = Results(Path("synthetic"))
    records = synthetic.run(list(runtimes), list(connections), rounds, samples=10_000,
                            everything=True)
    for each in records:
        made.add(each)
    return made


@pytest.mark.parametrize(("runtimes", "connections", "rounds"), [
    (FOUR, [1, 50, 500], 3), (["asio"], [50], 1),
    (FIFTEEN, [1, 4, 16, 50, 100, 500, 1000, 5000], 2),
    (["thread", "a_runtime_with_a_name_of_great_length"], list(range(10, 510, 10)), 2)])
@pytest.mark.parametrize("name", figures.in_reports())
def test_no_text_is_cut_off_or_covers_another(name, runtimes, connections, rounds):
    try:
        figure = draw(name, many(tuple(runtimes), tuple(connections), rounds))
    except NoData:
        assert len(connections) == 1
        return
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    page = figure.get_tightbbox(canvas.get_renderer())  # inches, of all that is visible
    assert page.x0 >= 0 and page.y0 >= 0
    assert page.x1 <= figure.get_figwidth() and page.y1 <= figure.get_figheight()
    panels = [axes.get_tightbbox() for axes in figure.axes]
    boxes = panels + [each.get_window_extent() for each in [*figure.texts, *figure.legends]]
    for i, one in enumerate(boxes):
        for other in boxes[i + 1:]:
            assert not one.overlaps(other)
    for axes in figure.axes:
        labels = [label.get_window_extent() for label in axes.get_xticklabels()
                  if label.get_text() and axes.get_xlim()[0] <= label.get_position()[0]
                  <= axes.get_xlim()[1]]
        assert not any(one.overlaps(other) for one, other in pairwise(labels))


def look_key(look):
    return look.colour, look.marker, look.line, look.hollow, look.fill


def test_each_runtime_has_one_look_in_every_file():
    names = sorted({*style.RUNTIMES, *style.FURTHER, *FIFTEEN, *(f"boat_{number}" for number in range(5))})
    among = style.looks([(name, name) for name in names])
    assert {name: style.looks([(name, name)])[name] for name in names} == among
    assert len({look_key(look) for look in among.values()}) == len(names)


def test_every_runtime_of_the_tree_has_a_look_of_its_own():
    foreign = {folder.parent.name for folder in (ROOT / "runtimes").glob("*/runtime.toml")}
    assert foreign - {"template"} < style.FURTHER.keys()
    known = style.RUNTIMES | style.FURTHER
    lines = {(look.colour, look.line) for look in known.values()}
    assert len(lines) == len(known)  # told apart where there are no markers too


def test_unknown_runtimes_never_share_a_look():
    names = [f"boat_{number}" for number in range(200)]
    looks = style.looks([(name, name) for name in [*names, *style.RUNTIMES, *style.FURTHER]])
    assert len({look_key(look) for look in looks.values()}) == len(looks)


def test_a_runtime_with_settings_of_its_own_keeps_its_colour():
    looks = style.looks([("thread", "thread")] + [
        (f"thread/stack_bytes:{2**power}", "thread") for power in range(11)])
    assert {look.colour for look in looks.values()} == {style.RUNTIMES["thread"].colour}
    assert len({look_key(look) for look in looks.values()}) == 12


def test_order_of_runtimes_is_fixed():
    names = ["zig_io", "uring", "go_net", "asio", "thread"]
    assert sorted(names, key=style.order_key) == ["thread", "asio", "uring", "go_net", "zig_io"]


def test_omission_factor_is_the_ratio_of_the_p99s(four):
    figure = draw("coordinated_omission", four)
    assert len(figure.axes) == len(FOUR)  # each at its highest rate
    trials = [t for t in four.trials if t["runtime"] == "thread"
              and t["params"].get("rate_per_s") == max(synthetic.RATES)]
    merged = {"response": Histogram(), "service": Histogram()}
    for trial in trials:
        merged["response"].merge(trial["latency"])
        merged["service"].merge(trial["open_loop"]["service"])
    p99 = {name: h.values_at(np.array([0.99]))[0] for name, h in merged.items()}
    title = figure.axes[0].get_title(loc="left").replace("\n", " ")
    assert title.startswith("thread, delay")
    assert title.endswith(f"omission factor {p99['response'] / p99['service']:.2f}")


def test_a_stall_is_seen_in_the_time_series(four):
    axes = draw("time_series", four).axes
    rates, tails = axes[0], axes[1]
    stalled = line(rates, "uring")
    assert stalled.get_ydata()[7] == 0 and stalled.get_xdata()[7] == pytest.approx(0.75)
    assert rates.get_ylim()[0] == 0
    assert math.isnan(line(tails, "uring").get_ydata()[7])


def test_where_no_interval_has_a_p99_the_panel_says_so(results_of):
    records = synthetic.run(["asio", "uring"], [50], workloads=("echo",))
    for record in records[1:-1]:
        for each in record["intervals"]:
            each.update(replies=min(each["replies"], 40), latency_ns_p99=None)
    rates, tails = draw("time_series", results_of(records)).axes
    assert [text.get_text() for text in tails.texts] == [
        "no p99: under 100 replies in every interval"]
    assert tails.get_xlim() == rates.get_xlim() and rates.get_xlim()[1] > 0.9
    assert not len(tails.get_yticks())


def test_what_has_no_rounds_to_pair_is_the_ratio_of_medians(results_of):
    records = synthetic.run(["epoll", "asio", "uring"], [1, 50], rounds=4, workloads=("echo",))
    for record in records[1:-1]:
        at_50 = record["params"]["connections"] == 50
        if at_50 and (record["runtime"], record["round"] < 2) in (("epoll", True), ("asio", False)):
            record.update(status="failed", metrics=None, latency=None, reasons=["it died"])
    results = results_of(records)

    def rates(runtime, connections):
        return [t["metrics"]["throughput_per_s"] for t in results.trials if t["status"] == "ok"
                and t["runtime"] == runtime and t["params"]["connections"] == connections]

    expected = statistics.median(rates("asio", 50)) / statistics.median(rates("epoll", 50))
    figure = draw("relative_heatmap", results)
    (axes,) = figure.axes
    [(text, patch)] = [(text, patch) for text, patch in zip(axes.texts, axes.patches)
                       if text.get_text().endswith("u")]
    assert text.get_text() == f"{expected:.2f}u" and text.get_position() == (1, 1)
    assert patch.get_facecolor() == (1, 1, 1, 1) and not patch.get_hatch()
    legend = figure.texts[1].get_text().replace("\n", " ")
    assert legend.endswith("u: no rounds to pair, ratio of medians")  # nothing is hatched
    at_1 = [math.log(a / b) for a, b in zip(rates("asio", 1), rates("epoll", 1))]
    mean = math.sqrt(math.exp(statistics.mean(at_1)) * expected)
    matrix = draw("model_engine_matrix", results)
    assert f"asio {mean:.2f}u" in [each.get_text() for each in matrix.axes[0].texts]
    assert "ratio of medians" in matrix.texts[1].get_text().replace("\n", " ")


def test_marks_that_do_not_occur_are_not_explained(four):
    for name in ("relative_heatmap", "model_engine_matrix"):
        legend = draw(name, four).texts[1].get_text().replace("\n", " ")
        assert "ratio of medians" not in legend


def test_a_value_without_room_in_the_axis_has_a_small_label():
    figure = draw("throughput_connections", many(("asio", "uring"), (1, 50, 100, 500, 5000), 2))
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    shown = [label.get_text() for which in ("major", "minor")
             for label in axes.get_xticklabels(which=which) if label.get_text()]
    assert sorted(shown) == sorted(["1", "50", "100", "500", "5,000"])
    assert "100" in [label.get_text() for label in axes.get_xticklabels(which="minor")]
