#!/usr/bin/env python3
"""One table of runtimes across languages: usage `scripts/models_table.py MODELS MEMORY`, the results files of
`regatta run models` and of `regatta memory`. Prints Markdown."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "plots"))
from regatta_plots import markdown, memory_cells, record, style  # noqa: E402
from regatta_plots.ranking import ratio  # noqa: E402
from regatta_plots.summary import Benchmark, benchmarks  # noqa: E402
from regatta_plots.words import ABSENT, quantity, span, times  # noqa: E402

# A title, a workload and its parameters, and a metric.
COLUMNS = [
    ("echo /s", "echo", {}, "throughput_per_s"),
    ("delay of 10 ms, 200 connections /s", "delay", {}, "throughput_per_s"),
    ("fan_out to 16, p50 µs", "fan_out", {}, "latency_ns_p50"),
    ("mixed inline /s", "mixed", {"heavy": "inline"}, "throughput_per_s"),
    ("mixed offloaded /s", "mixed", {"heavy": "offload"}, "throughput_per_s"),
    ("http /s", "http", {}, "throughput_per_s"),
]


def cell(of_label: list[Benchmark], workload: str, params: dict, metric: str) -> str:
    for each in of_label:
        if each.workload == workload and params.items() <= each.params.items():
            estimate = each.estimate(metric)
            interval = f" ({span(estimate, metric)})" if estimate.has_interval() else ""
            return quantity(estimate.median, metric) + interval
    return ABSENT


def main(models: str, memory: str) -> None:
    by_label: dict[str, list[Benchmark]] = {}
    for each in benchmarks(record.read(models)):
        by_label.setdefault(each.label, []).append(each)
    slopes = {row[0].text: row[1].text for rows in memory_cells.tables(record.read(memory)).values() for row in rows}
    labels = sorted(by_label, key=lambda label: style.order_key(by_label[label][0].runtime))
    rows = [[label, *(cell(by_label[label], *column[1:]) for column in COLUMNS), slopes.get(label, ABSENT)]
            for label in labels]
    titles = [("runtime", False), *((title, True) for title, *_ in COLUMNS), ("KiB for an idle connection", True)]
    print(markdown.table(titles, rows))
    print("Median of the ok trials (95 % interval over trials: t on the logarithm, or where marked * the bootstrap).", end="")
    echo = {label: each for label, all_of in by_label.items() for each in all_of if each.workload == "echo"}
    by = ratio(echo["python_uvloop"], echo["python_asyncio"], "throughput_per_s")
    print(f" Echo: python_uvloop serves {times(by)} times what python_asyncio does." if by else "")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
