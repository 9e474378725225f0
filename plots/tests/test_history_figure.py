"""The figure of a history: what stands in it is what the series say."""

import json
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from regatta_plots import figures, style
from regatta_plots.errors import NoData, RecordError

PACKAGE = Path(__file__).parents[1]
history = figures.load("history")


def series(runtime="uring", runs=24, change=16, metric="server_cpu_ns_per_op"):
    rng = np.random.default_rng(1)
    points = []
    for number in range(runs):
        median = 4000 * (1.1 if number >= change else 1) * rng.lognormal(0, 0.01)
        points.append({"run_id": f"run-{number}", "started_at": f"2026-{1 + number // 28:02}-{1 + number % 28:02}T00:00:00Z",
                       "commit": f"{number:02}" * 20, "compiler": "g++ 12.2.0", "cpu_model": "SYNTHETIC",
                       "kernel": f"Linux 6.{18 if number < 12 else 19}",  "trials": 3, "median": median, "low": median * 0.98 if number % 5 else None,
                       "high": median * 1.02 if number % 5 else None})
    return {"record": "series", "schema": 1, "machine": "0000", "placement": "same-core",
            "benchmark": f"echo/{runtime}/size:64/connections:50/workers:1", "metric": metric, "points": points,
            "changes": [{"at": change, "ratio": 1.1, "p": 0.001}] if change < runs else []}


def write(folder, *records):
    path = folder / "series.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def draw(path):
    with matplotlib.rc_context(style.RC):
        return history.draw(history.read(path))


def test_points_levels_and_changes_are_the_files(tmp_path):
    one = series()
    (axes,) = draw(write(tmp_path, one)).axes
    points = next(line for line in axes.lines if line.get_label() == "_runs")
    assert list(points.get_xdata()) == list(range(1, 25))
    assert list(points.get_ydata()) == pytest.approx([point["median"] / 1e3 for point in one["points"]])
    heights = [segment[0][1] for each in axes.collections for segment in each.get_segments() if segment[0][1] == segment[1][1]]
    for begin, end in ((0, 16), (16, 24)):
        middle = np.median([point["median"] for point in one["points"][begin:end]]) / 1e3
        assert any(height == pytest.approx(middle) for height in heights)
    assert [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == ":"] == [16.5]
    assert "+10.0 % at run 17 (2026-01-17)" in axes.get_title(loc="left").replace("\n", " ")


def test_footer_names_what_the_runs_were_made_with(tmp_path):
    footer = draw(write(tmp_path, series(runs=24))).texts[2].get_text().replace("\n", " · ")
    for part in ("SYNTHETIC, machine 0000", "Linux 6.18 … Linux 6.19 (2)", "g++ 12.2.0", "commit 000000000000 … 232323232323 (24)",
                 "placement same-core"):
        assert part in footer.split(" · ")


def test_a_series_of_an_older_program_has_a_footer_too(tmp_path):
    old = series()
    for point in old["points"]:
        for field in ("commit", "compiler", "cpu_model", "kernel"):
            del point[field]
    assert draw(write(tmp_path, old)).texts[2].get_text() == "machine 0000 · placement same-core"


def test_what_changed_is_shown_first_where_there_is_too_much(tmp_path):
    many = [series(f"boat{number}", change=16 if number == 19 else 99) for number in range(20)]
    shown = history.chosen(history.read(write(tmp_path, *many)))
    assert len(shown) == 12 and shown[-1]["benchmark"].startswith("echo/boat19")


def test_a_single_run_is_no_history(tmp_path):
    with pytest.raises(NoData, match="two runs"):
        draw(write(tmp_path, series(runs=1, change=9)))


@pytest.mark.parametrize("text", ['{"record":"trial","schema":1}\n', "nothing\n", '{"record":"series","schema":2}\n'])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "other.jsonl"
    path.write_text(text)
    with pytest.raises(RecordError, match="other.jsonl:1: is no series"):
        history.read(path)


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_no_text_is_cut_off_or_covers_another(tmp_path, count):
    figure = draw(write(tmp_path, *[series(f"boat{number}", 10 + 20 * number) for number in range(count)]))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    page = figure.get_tightbbox(canvas.get_renderer())
    assert page.x0 >= 0 and page.y0 >= 0
    assert page.x1 <= figure.get_figwidth() and page.y1 <= figure.get_figheight()
    boxes = [axes.get_tightbbox() for axes in figure.axes] + [each.get_window_extent() for each in figure.texts]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[i + 1:])


def test_as_a_program(tmp_path):
    path = write(tmp_path, series())
    done = subprocess.run([sys.executable, "-m", "regatta_plots", "history", path, "-o", tmp_path / "out.svg"], cwd=PACKAGE,
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "server_cpu_ns_per_op" in (tmp_path / "out.svg").read_text()


def test_a_results_file_has_no_such_figure(four_file, tmp_path):
    assert "history" not in figures.in_reports()
    done = subprocess.run([sys.executable, "-m", "regatta_plots", "history", four_file, "-o", tmp_path / "out.svg"], cwd=PACKAGE,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "is no series" in done.stderr and done.stderr.count("\n") == 1
