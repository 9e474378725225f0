"""What requests that cost CPU do to the others: the workload `mixed`, inline against offloaded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ranking import are_apart, ratio
from .record import Results
from .summary import Benchmark, benchmarks
from .words import listing, quantity, times

OTHERS = "apart.others_latency_ns_p99"
LAG = "loop_lag_ns_p99"
_NAMED_MAX = 6  # in a sentence
_PLACE = re.compile(r"/heavy:[^/]*")


@dataclass(frozen=True)
class Pair:
    """One runtime under one load, with the heavy requests in the handler and on a pool."""

    label: str
    group: str  # without where the heavy ones are computed
    inline: Benchmark | None
    offload: Benchmark | None


def place_of(benchmark: Benchmark) -> str:
    """"inline" or "offload"; the workload's default is inline."""
    found = _PLACE.search(benchmark.name)
    return found.group(0).partition(":")[2] if found else "inline"


def pairs_of(results: Results) -> dict[str, list[Pair]]:
    """By group, in the order of runtimes; only benchmarks with an ok trial."""
    found: dict[str, dict[str, dict[str, Benchmark]]] = {}
    for each in benchmarks(results):
        if each.workload == "mixed" and each.trials:
            group = f"{_PLACE.sub('', each.group)} ({each.loop()})"
            found.setdefault(group, {}).setdefault(each.label, {})[place_of(each)] = each
    return {group: [Pair(label, group, places.get("inline"), places.get("offload"))
                    for label, places in labels.items()] for group, labels in found.items()}


def _comparison(pair: Pair, metric: str) -> str:
    """"asio 12,300 µs against 800 µs offloaded, 15.4 (12.0-19.8) times"."""
    inline, offload = (each.estimate(metric).median for each in (pair.inline, pair.offload))
    return (f"{pair.label} {quantity(inline, metric)} µs against {quantity(offload, metric)} µs "
            f"offloaded, {times(ratio(pair.inline, pair.offload, metric))} times")


def _compared(both: list[Pair], metric: str, what: str) -> list[str]:
    """A sentence about those that can be told apart, and one about the others."""
    known = [pair for pair in both if pair.inline.estimate(metric).has_interval()
             and pair.offload.estimate(metric).has_interval()]
    apart = [pair for pair in known if are_apart(pair.inline, pair.offload, metric)]
    apart.sort(key=lambda pair: -ratio(pair.inline, pair.offload, metric).value)
    told = [_comparison(pair, metric) for pair in apart]
    if len(told) > _NAMED_MAX:
        told[_NAMED_MAX - 1:-1] = [f"{len(told) - _NAMED_MAX} more (see the figure)"]
    alike = [pair.label for pair in known if pair not in apart]
    return ([f"{what} where the handler computes: {'; '.join(told)}."] if told else []) + (
        [f"{what}: on {listing(alike)} the two cannot be told apart."] if alike else [])


def sentences(pairs: list[Pair]) -> list[str]:
    """What the intervals say of one load; empty where no runtime ran both ways."""
    both = [pair for pair in pairs if pair.inline and pair.offload]
    told = _compared(both, OTHERS, "p99 of the other requests") \
        + _compared(both, LAG, "Lag of the loop (p99)")
    if not told:
        return []
    params = both[0].inline.params
    share, cost = params.get("heavy_percent", 10), params.get("cpu_us", 1000)
    worse = [pair.label for pair in both if are_apart(pair.inline, pair.offload, OTHERS)
             and ratio(pair.inline, pair.offload, OTHERS).value > 1]
    lesson = f": on {listing(worse)} they belong on a pool of threads, since in the handler they " \
             "hold up everybody else" if worse else ""
    return [f"{share} % of the requests compute for {cost:,} µs{lesson}.", *told]
