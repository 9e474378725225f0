"""Who can be told apart from whom, by the rule of harness/record/ranking.hpp."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from . import style
from .stats import Ratio, can_be_told_apart, ratio_of_rounds
from .summary import Benchmark, natural_key
from .words import listing, times

RATE, TAIL = "throughput_per_s", "latency_ns_p99"


def is_more_better(metric: str) -> bool:
    return metric.endswith("_per_s")


def ranking_metric(benchmark: Benchmark) -> str:
    """The p99 in open loop, where the schedule sets the rate; else the rate."""
    return TAIL if benchmark.mode == "open" else RATE


def ratio(a: Benchmark, b: Benchmark, metric: str) -> Ratio | None:
    """How many times b is a, over the rounds in which both have the metric and the way between the
    CPUs was the same."""
    return a.once(("ratio", b, metric), lambda: _ratio(a, b, metric))


def _ratio(a: Benchmark, b: Benchmark, metric: str) -> Ratio | None:
    in_a, in_b = a.by_round(metric), b.by_round(metric)
    states_a, states_b = a.cache_states(), b.cache_states()

    def is_same_state(number: int) -> bool:
        one, other = states_a.get(number), states_b.get(number)
        return one is None or other is None or (one == other and one != "changed")

    return ratio_of_rounds([(in_a[number], in_b[number]) for number in in_a
                            if number in in_b and is_same_state(number)])


def is_ping_pong(benchmark: Benchmark) -> bool:
    """Whether one connection has one request outstanding: rate and latency are then the scheduler's
    and the hypervisor's; CPU time per request is still the runtime's."""
    return (benchmark.mode == "closed" and benchmark.params.get("connections") == 1
            and benchmark.params.get("depth", 1) == 1)


def is_rankable(a: Benchmark, b: Benchmark, metric: str) -> bool:
    """Not by rate or latency of one connection."""
    of_wakeups = metric == RATE or metric.startswith("latency_ns")
    return not (of_wakeups and (is_ping_pong(a) or is_ping_pong(b)))


def are_apart(a: Benchmark, b: Benchmark, metric: str) -> bool:
    """Whether intervals tell the two apart and, where it is a rate, the slower one was not held
    back by something else than its own server; by rate and latency never of one connection."""
    if not is_rankable(a, b, metric):
        return False
    slower = b if _is_ahead(a, b, metric) else a
    if metric == RATE and limited_by(slower):
        return False
    return can_be_told_apart(ratio(a, b, metric), a.estimate(metric), b.estimate(metric))


def limited_by(benchmark: Benchmark) -> str:
    """What held back more than half of the ok trials, other than the server; or nothing."""
    for verdict in ("generator-bound", "rate-limited"):
        held = sum(trial.get("saturation") == verdict for trial in benchmark.trials)
        if 2 * held > len(benchmark.trials):
            return verdict
    return ""


def ranked(rivals: Sequence[Benchmark], metric: str) -> list[Benchmark]:
    """Those with an interval, the best first."""
    known = [each for each in rivals if not math.isnan(each.estimate(metric).low)]
    return sorted(known, key=lambda each: each.estimate(metric).median,
                  reverse=is_more_better(metric))


def in_order(rivals: Iterable[Benchmark]) -> list[str]:
    """Labels in the fixed order of runtimes, so that a list of equals is no ranking."""
    return [each.label for each in sorted(
        rivals, key=lambda each: (style.order_key(each.runtime), natural_key(each.label)))]


def equals(best_first: Sequence[Benchmark], metric: str) -> list[list[Benchmark]]:
    """The sets of rivals of whom no two can be told apart; every such pair is in one of them."""
    known: dict[tuple[int, int], bool] = {}

    def alike(i: int, j: int) -> bool:
        key = (min(i, j), max(i, j))
        if key not in known:
            known[key] = not are_apart(best_first[key[0]], best_first[key[1]], metric)
        return known[key]

    sets: list[list[int]] = []
    places = range(len(best_first))
    for i in places:
        for j in places[i + 1:]:
            if alike(i, j) and not any(i in each and j in each for each in sets):
                found = [i, j]
                for k in places:
                    if k not in found and all(alike(k, member) for member in found):
                        found.append(k)
                sets.append(found)
    return [[best_first[k] for k in each] for each in sets]


def sentence(rivals: Sequence[Benchmark], *, only_the_lead: bool = False) -> str:
    """"Fastest: uring, 1.12 (1.08-1.16) times asio. asio and fiber cannot be told apart."; empty
    where fewer than two of them have an ok trial. `only_the_lead`: of those behind nothing is
    said."""
    tried = [each for each in rivals if not math.isnan(each.estimate(ranking_metric(each)).median)]
    if len(tried) < 2:
        return ""
    metric = ranking_metric(tried[0])
    if is_ping_pong(tried[0]):
        return "Not ranked: one connection over loopback measures the scheduler, not the runtime."
    best_first = ranked(tried, metric)
    if len(best_first) < 2:
        return "Not ranked: that takes at least two ok trials of two runtimes."
    sets = equals(best_first, metric)
    parts = [_lead(best_first, metric, sets)]
    if only_the_lead:
        sets = [each for each in sets if best_first[0] in each]
    if only_the_lead and len(sets) > 1:
        alike = {each for members in sets for each in members} - {best_first[0]}
        parts.append(f"{best_first[0].label} has the best median, but {listing(in_order(alike))} "
                     "cannot be told apart from it.")
    else:
        parts += [f"{listing(in_order(each))} cannot be told apart." for each in sets]
    parts += limits(best_first)
    if left := [each for each in tried if each not in best_first]:
        parts.append(f"Not ranked, for want of ok trials: {listing(in_order(left))}.")
    return " ".join(parts)


def limits(rivals: Sequence[Benchmark]) -> list[str]:
    """Whose rate was not their own."""
    parts = []
    for verdict, culprit in (("generator-bound", "The generator"),
                             ("rate-limited", "The workload or schedule")):
        held = [each for each in rivals if each.mode != "open" and limited_by(each) == verdict]
        if held:
            parts.append(f"{culprit}, not the runtime, set the rate of "
                         f"{listing(in_order(held))} ({verdict}).")
    return parts


def _is_ahead(a: Benchmark, b: Benchmark, metric: str) -> bool:
    in_a, in_b = a.estimate(metric).median, b.estimate(metric).median
    return in_a > in_b if is_more_better(metric) else in_a < in_b


def _lead(best_first: list[Benchmark], metric: str, sets: list[list[Benchmark]]) -> str:
    first, second = best_first[0], best_first[1]
    if any(each[0] is first for each in sets):
        return "No single fastest:" if is_more_better(metric) else "No single lowest p99:"
    if is_more_better(metric):
        lead = times(ratio(first, second, metric))
        return f"Fastest: {first.label}, {lead} times {second.label}."
    return (f"Lowest p99: {first.label}; that of {second.label} is "
            f"{times(ratio(second, first, metric))} times as high.")
