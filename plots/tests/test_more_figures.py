"""Heat map, matrix, jobs, mixed: what stands in the figure is what stands in the file."""

import math
import statistics
import types

import pytest
import synthetic
from matplotlib.colors import to_rgb

from regatta_plots import figures, mixed
from regatta_plots.figures import model_engine_matrix, relative_heatmap, task_costs
from regatta_plots.stats import ratio_of_rounds
from regatta_plots.summary import benchmarks


def rates(results, runtime, group):
    return [t["metrics"]["throughput_per_s"] for t in results.trials
            if t["benchmark"] == group.replace("/", f"/{runtime}/", 1)]


def luminance(colour) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def cells_of(axes) -> dict:
    """Text and patch by column and row."""
    return {text.get_position(): (text, patch) for text, patch in zip(axes.texts, axes.patches)}


def test_heatmap_has_the_paired_ratios_and_colour_only_where_they_are_told_apart(four):
    (axes,) = relative_heatmap.draw(four).axes
    rows = [label.get_text() for label in axes.get_yticklabels()]
    columns = [label.get_text() for label in axes.get_xticklabels()]
    found = cells_of(axes)
    at = columns.index("uring"), rows.index("echo size:64 connections:500 workers:1, closed loop")
    group = "echo/size:64/connections:500/workers:1"
    expected = ratio_of_rounds(list(zip(rates(four, "uring", group), rates(four, "thread", group))))
    text, patch = found[at]
    assert text.get_text() == f"{expected.value:.2f}"
    assert to_rgb(patch.get_facecolor()) == to_rgb(relative_heatmap.colour_of(expected.value, "throughput_per_s"))
    text, patch = found[at[0], rows.index("hash block_bytes:65536 blocks:64 workers:1, job")]
    assert text.get_text().endswith("~") and to_rgb(patch.get_facecolor()) == (1, 1, 1)
    assert found[columns.index("thread"), 0][0].get_text() == "1"


def test_heatmap_is_readable_on_every_colour():
    for step in range(-30, 31):
        face = relative_heatmap.colour_of(math.exp(step / 10), "throughput_per_s")
        text = relative_heatmap.text_on(face)
        light, dark = sorted((luminance(face), luminance(to_rgb(text))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_better_is_blue_for_rates_and_for_latencies():
    more = relative_heatmap.colour_of(2, "throughput_per_s")
    less = relative_heatmap.colour_of(0.5, "latency_ns_p99")
    assert more == less and more[2] > more[0]


def test_heatmap_leaves_a_gap_where_a_runtime_has_nothing(results_of):
    records = synthetic.run(["thread", "epoll", "asio"], [1, 50], workloads=("echo",), samples=500)
    for record in records:
        if record.get("runtime") == "asio" and record["params"]["connections"] == 50:
            record.update(status="failed", metrics=None, latency=None)
    (axes,) = relative_heatmap.draw(results_of(records)).axes
    text, patch = cells_of(axes)[2, 1]
    assert text.get_text() == "" and patch.get_hatch()


def test_matrix_has_the_geometric_mean_over_the_workload(four):
    by_title = {axes.get_title(loc="left"): axes for axes in model_engine_matrix.draw(four).axes}
    logs = []
    for count in (1, 50, 500):
        group = f"echo/size:64/connections:{count}/workers:1"
        pairs = list(zip(rates(four, "uring", group), rates(four, "thread", group)))
        logs.append(math.log(ratio_of_rounds(pairs).value))
    texts = [text.get_text() for text in by_title["echo (closed loop)"].texts]
    assert f"uring {math.exp(statistics.mean(logs)):.2f}" in texts and "thread 1.00" in texts
    engines = [label.get_text() for label in by_title["echo (closed loop)"].get_xticklabels()]
    assert engines == ["blocking", "epoll", "io_uring"]


def test_matrix_has_no_mean_where_a_benchmark_lacks(results_of):
    records = synthetic.run(["thread", "epoll"], [1, 50], workloads=("echo",), samples=500)
    for record in records:
        if record.get("runtime") == "thread" and record["params"]["connections"] == 50:
            record.update(status="failed", metrics=None, latency=None)
    (axes,) = model_engine_matrix.draw(results_of(records)).axes
    assert "thread n/a" in [text.get_text() for text in axes.texts]


def test_time_of_a_unit_is_the_inverse_of_the_rate(four):
    (axes,) = task_costs.draw(four).axes
    for runtime in ("thread", "uring"):
        drawn = next(each for each in axes.lines if each.get_label() == runtime)
        rate = statistics.median(rates(four, runtime, "hash/block_bytes:65536/blocks:64/workers:1"))
        assert drawn.get_xdata()[0] == pytest.approx(1e9 / rate / (1 if "ns" in axes.get_xlabel() else 1e3))
    job = next(each for each in benchmarks(four) if each.workload == "hash")
    assert task_costs.time_of(job).low < task_costs.time_of(job).median < task_costs.time_of(job).high


def test_mixed_shows_the_others_in_the_handler_and_offloaded(four):
    others, lag = figures.load("mixed_others").draw(four).axes
    values = [t["apart"]["others_latency_ns_p99"] for t in four.trials
              if t["benchmark"].startswith("mixed/asio/") and "heavy:inline" in t["benchmark"]]
    drawn = [each for each in others.lines if each.get_label() == "asio"]
    assert drawn[0].get_xdata()[0] == pytest.approx(statistics.median(values) / 1e3)
    assert drawn[1].get_markerfacecolor() == "white"
    assert [label.get_text() for label in lag.get_yticklabels()] == ["asio", "fiber", "uring"]
    assert len(mixed.pairs_of(four)) == 1


def test_a_module_beside_the_folder_registers_itself(monkeypatch, four_file, tmp_path, capsys):
    from regatta_plots.__main__ import main
    own = types.ModuleType("own")
    own.TITLE, own.read = "One's own", lambda path: path
    monkeypatch.setattr(figures, "_found", lambda: {"own": own, "task_costs": task_costs})
    assert figures.names() == ["own", "task_costs"] and figures.in_reports() == ["task_costs"]
    assert figures.named("ow") == "own"
    own.draw = lambda path: (_ for _ in ()).throw(ValueError(path))
    with pytest.raises(ValueError, match="four.jsonl"):
        main(["own", str(four_file), "-o", str(tmp_path / "x.svg")])


@pytest.mark.parametrize(("text", "name"), [
    ("throughput", "throughput_connections"), ("p99", "p99_connections"), ("latency", None), ("zzz", None),
    ("memory_per_connection", "memory_per_connection")])
def test_a_figure_is_named_by_its_beginning(text, name):
    assert figures.named(text) == name
