"""The trials of a results file by benchmark, as harness/record/summary.hpp groups them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from . import style
from .errors import RecordError
from .histogram import Histogram
from .record import Results
from .stats import Estimate, summarise


def natural_key(text: str) -> list:
    """Sort key by which 50 comes before 500."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part)
            for part in re.split(r"(\d+)", text) if part]


@dataclass
class Benchmark:
    """The ok trials of one benchmark."""

    name: str
    group: str  # what it shares with its rivals: "echo/size:64/connections:50/workers:1"
    label: str  # the runtime and its own settings: "thread/stack_bytes:16384"
    workload: str
    runtime: str
    params: dict
    mode: str | None = None
    latency_kind: str | None = None
    trials: list[dict] = field(default_factory=list)

    def estimate(self, metric: str) -> Estimate:
        """Median and interval over the ok trials that have the metric."""
        values = [trial["metrics"].get(metric) for trial in self.trials]
        return summarise([value for value in values if value is not None])

    def histograms(self) -> list[Histogram]:
        """Each ok trial's latencies."""
        return [Histogram.from_json(trial["latency"]) for trial in self.trials
                if trial.get("latency")]

    def loop(self) -> str:
        """"closed loop"."""
        return f"{self.mode} loop" if self.mode else "job"

    def conditions(self) -> str:
        """"closed loop, service time"."""
        kind = f", {self.latency_kind} time" if self.latency_kind else ""
        return self.loop() + kind


def split_name(name: str, runtime: str) -> tuple[str, str]:
    """Group and label: a runtime's own settings stand behind `workers`."""
    head, _, rest = name.partition(f"/{runtime}")
    found = re.search(r"/workers:[^/]*", rest)
    own = rest[found.end():] if found else ""
    return head + rest[:len(rest) - len(own)], runtime + own


def benchmarks(results: Results) -> list[Benchmark]:
    """All benchmarks with an entry in the file, also those without an ok trial."""
    found: dict[str, Benchmark] = {}
    for trial in results.trials:
        try:
            name, runtime = trial["benchmark"], trial["runtime"]
            group, label = split_name(name, runtime)
            benchmark = found.setdefault(name, Benchmark(
                name, group, label, trial["workload"], runtime, trial.get("params") or {}))
            benchmark.mode = benchmark.mode or trial.get("mode")
            benchmark.latency_kind = benchmark.latency_kind or trial.get("latency_kind")
            if trial["status"] == "ok":
                trial["metrics"].get("throughput_per_s")
                benchmark.trials.append(trial)
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{results.path}: trial {trial.get('trial')}: "
                              f"lacks or misuses {error}") from error
    return sorted(found.values(), key=lambda b: (
        natural_key(b.group), b.mode or "", style.order_key(b.runtime), natural_key(b.label)))


def by_group(chosen: Iterable[Benchmark], conditions: Callable[[Benchmark], str],
             without: str = "") -> dict[tuple[str, str], list[Benchmark]]:
    """Benchmarks that share group and conditions; `without` is a parameter in which they differ."""
    groups: dict[tuple[str, str], list[Benchmark]] = {}
    for benchmark in chosen:
        title = re.sub(rf"/{without}:[^/]*", "", benchmark.group) if without else benchmark.group
        groups.setdefault((title, conditions(benchmark)), []).append(benchmark)
    return groups
