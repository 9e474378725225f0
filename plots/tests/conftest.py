"""What several tests share."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")
sys.path.insert(0, str(Path(__file__).parent))

import synthetic  # noqa: E402
from regatta_plots import figures, record, style  # noqa: E402

FOUR = ["thread", "asio", "fiber", "uring"]
FIFTEEN = [*style.RUNTIMES, "go_net", "python_asyncio", "python_threads", "python_uvloop",
           "rust_tokio", "node_libuv", "java_virtual_threads"]


def draw(name, results):
    with matplotlib.rc_context(style.RC):
        return figures.load(name).draw(results)


def line(axes, label):
    return next(each for each in axes.lines if each.get_label() == label)


@pytest.fixture(scope="session")
def four_file(tmp_path_factory) -> Path:
    """4 runtimes, 3 connection counts, 3 rounds, a job, open-loop and memory trials."""
    return synthetic.write(tmp_path_factory.mktemp("four") / "four.jsonl",
                           synthetic.run(FOUR, [1, 50, 500], everything=True))


@pytest.fixture(scope="session")
def four(four_file) -> record.Results:
    return record.read(four_file)


@pytest.fixture
def results_of(tmp_path):
    """Writes records and reads them back."""
    def make(records: list[dict]) -> record.Results:
        return record.read(synthetic.write(tmp_path / "results.jsonl", records))
    return make
