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


def _round_of(trial: dict) -> tuple:
    """Of several files' trials, those of two runs never share one."""
    return trial.get("run_id", ""), trial["round"]


@dataclass(eq=False)
class Benchmark:
    """The trials of one benchmark; figures are of the ok ones."""

    name: str
    group: str  # what it shares with its rivals: "echo/size:64/connections:50/workers:1"
    label: str  # the runtime and its own settings: "thread/stack_bytes:16384"
    workload: str
    runtime: str
    params: dict
    mode: str | None = None
    latency_kind: str | None = None
    trials: list[dict] = field(default_factory=list)
    others: list[dict] = field(default_factory=list)  # trials that are invalid or failed
    known: dict = field(default_factory=dict)  # what was computed once, by what it is

    def once(self, key: object, compute: Callable[[], object]) -> object:
        """What `compute` gives, computed at the first call for `key`."""
        if key not in self.known:
            self.known[key] = compute()
        return self.known[key]

    def estimate(self, metric: str) -> Estimate:
        """Median and interval over the ok trials that have the metric."""
        return self.once(("estimate", metric),
                         lambda: summarise(list(self.by_round(metric).values())))

    def histograms(self) -> list[Histogram]:
        """Each ok trial's latencies."""
        return [trial["latency"] for trial in self.trials if trial.get("latency")]

    def by_round(self, metric: str) -> dict[tuple, float]:
        """The metric of each round of a run that has it; `apart.NAME` is a field of what is set apart."""
        found = {}
        for trial in self.trials:
            where, _, name = metric.rpartition(".")
            value = ((trial.get(where) or {}) if where else trial["metrics"]).get(name)
            if value is not None:
                found.setdefault(_round_of(trial), value)
        return found

    def cache_states(self) -> dict[tuple, str]:
        """By round of a run, how far apart the CPUs were; without where that does not matter."""
        return {_round_of(trial): trial["cache_distance"]["state"] for trial in self.trials
                if trial.get("cache_distance")}

    def merged(self) -> Histogram:
        """All ok trials' latencies."""
        return self.once("merged", lambda: Histogram.merged(self.histograms()))

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
    if results.grouped is None:
        results.grouped = _group(results)
    return results.grouped


def _group(results: Results) -> list[Benchmark]:
    found: dict[tuple[str, str | None], Benchmark] = {}
    for trial in results.trials:
        try:
            name, runtime = trial["benchmark"], trial["runtime"]
            group, label = split_name(name, runtime)
            side = trial.get("side")  # of a gate: which of two builds ran
            label += f" ({side})" if side else ""
            benchmark = found.setdefault((name, side), Benchmark(
                name, group, label, trial["workload"], runtime, trial.get("params") or {}))
            benchmark.mode = benchmark.mode or trial.get("mode")
            benchmark.latency_kind = benchmark.latency_kind or trial.get("latency_kind")
            if trial["status"] == "ok":
                trial["metrics"].get("throughput_per_s"), trial["round"]
                benchmark.trials.append(trial)
            else:
                benchmark.others.append(trial)
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
