"""The table of benchmarks and other facts, which the page and the Markdown summary write in their
own way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from . import baseline
from .ranking import RATE, TAIL, are_apart, limited_by, ranking_metric, ratio
from .histogram import Histogram
from .record import Results
from .summary import Benchmark
from .words import ABSENT, decimals_for, listing, quantity, span, times


@dataclass(frozen=True)
class Cell:
    """What is shown, and the figure by which it sorts; NaN sorts last, None: by the text."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Column:
    """A title with its unit, and what a benchmark has there. `base` is its rivals' baseline."""

    title: str
    cell: Callable[[Benchmark, Benchmark | None], Cell]
    is_number: bool = True


def percentile(benchmark: Benchmark, fraction: float) -> Cell:
    """Of all ok trials' requests, unanswered ones slower than all others: ">T" where it falls among
    those (harness/measure/censoring.hpp)."""
    merged = benchmark.merged()
    loops = [trial["open_loop"] for trial in benchmark.trials if trial.get("open_loop")]
    censored = sum(loop["censored"] for loop in loops)
    if not censored:
        value = float(merged.values_at(np.array([fraction]))[0])
        return Cell(quantity(value, "latency_ns"), value)
    count = merged.count + censored
    if count * (1 - fraction) < 100 * (1 - 1e-9):
        return Cell(ABSENT, math.nan)
    rank = math.ceil(fraction * count)
    if rank > merged.count:
        least = min(loop["censored_ns_min"] for loop in loops if loop["censored"])
        return Cell(">" + quantity(least, "latency_ns"), least)
    value = merged.value_of_rank(rank)
    return Cell(quantity(value, "latency_ns"), value)


def _median(metric: str) -> Callable:
    def cell(benchmark: Benchmark, _base: Benchmark | None) -> Cell:
        median = benchmark.estimate(metric).median
        return Cell(quantity(median, metric), median)
    return cell


_EMPTY = Cell("", math.nan)


def _interval(benchmark: Benchmark, _base: Benchmark | None) -> Cell:
    """Of the rate; in an open loop that is the schedule's."""
    if benchmark.mode == "open":
        return _EMPTY
    estimate = benchmark.estimate(RATE)
    return Cell(span(estimate, RATE), estimate.low)


def _tail_interval(benchmark: Benchmark, _base: Benchmark | None) -> Cell:
    """Of the p99 over trials, by which an open loop is ranked; none where in some trials the p99
    falls among unanswered requests: over the others it would be too low."""
    if benchmark.mode != "open":
        return _EMPTY
    estimate = benchmark.estimate(TAIL)
    is_partial = len(benchmark.by_round(TAIL)) < len(benchmark.trials) and any(
        trial["open_loop"]["censored"] for trial in benchmark.trials if trial.get("open_loop"))
    return Cell(ABSENT, math.nan) if is_partial else Cell(span(estimate, TAIL), estimate.low)


def _of_open_loops(benchmark: Benchmark, part: str) -> float:
    """The p99 of a part of the response time, in ns, over all ok trials; NaN with too few
    requests."""
    parts = [trial["open_loop"][part] for trial in benchmark.trials
             if part in (trial.get("open_loop") or {})]
    return float(Histogram.merged(parts).values_at(np.array([0.99]))[0]) if parts else math.nan


def _tail_of(part: str) -> Callable:
    def cell(benchmark: Benchmark, _base: Benchmark | None) -> Cell:
        if benchmark.mode != "open":
            return _EMPTY
        value = _of_open_loops(benchmark, part)
        return Cell(quantity(value, "latency_ns"), value)
    return cell


def _omission(benchmark: Benchmark, _base: Benchmark | None) -> Cell:
    """p99(response) / p99(service): how much too good a closed loop's p99 would have looked."""
    if benchmark.mode != "open":
        return _EMPTY
    response, service = percentile(benchmark, 0.99), _of_open_loops(benchmark, "service")
    if math.isnan(response.value) or not service > 0:
        return Cell(ABSENT, math.nan)
    factor = response.value / service
    above = ">" if response.text.startswith(">") else ""
    return Cell(f"{above}{factor:,.{decimals_for(factor)}f}", factor)


def _cpu(benchmark: Benchmark, _base: Benchmark | None) -> Cell:
    """The median with its interval; in an open loop, which has more columns, without."""
    metric = "server_cpu_ns_per_op"
    estimate = benchmark.estimate(metric)
    with_interval = estimate.has_interval() and benchmark.mode != "open"
    return Cell(quantity(estimate.median, metric)
                + (f" ({span(estimate, metric)})" if with_interval else ""), estimate.median)


def _relative(benchmark: Benchmark, base: Benchmark | None) -> Cell:
    """Times the baseline, by the rate, in open loop by the p99; "~": cannot be told apart."""
    if base is None:
        return Cell(ABSENT, math.nan)
    if benchmark is base:
        return Cell("1", 1)
    metric = ranking_metric(benchmark)
    by = ratio(benchmark, base, metric)
    if by is None:
        return Cell(ABSENT, math.nan)
    return Cell(times(by) + ("" if are_apart(benchmark, base, metric) else " ~"), by.value)


def _errors_in(trial: dict) -> dict[str, int] | None:
    """By kind; of a job, whether its answer was wrong. None where nobody counted."""
    if trial.get("client"):
        return trial["client"]["errors"]
    count = (trial.get("metrics") or {}).get("error_count")
    return None if count is None else {"wrong answer": count}


def errors_of(benchmark: Benchmark) -> dict[str, int] | None:
    """By kind, in every trial that counted them."""
    counted = [errors for trial in benchmark.trials + benchmark.others
               if (errors := _errors_in(trial)) is not None]
    if not counted:
        return None
    return {kind: sum(each.get(kind, 0) for each in counted)
            for kind in dict.fromkeys(kind for each in counted for kind in each)}


def _errors(benchmark: Benchmark, _base: Benchmark | None) -> Cell:
    errors = errors_of(benchmark)
    total = math.nan if errors is None else sum(errors.values())
    return Cell(ABSENT if errors is None else f"{total:,}", total)


def _trials(benchmark: Benchmark, _base: Benchmark | None) -> Cell:
    ok = len(benchmark.trials)
    return Cell(f"{ok}/{ok + len(benchmark.others)}", ok)


def saturation_of(benchmark: Benchmark) -> str:
    """The verdict of the ok trials, or how many had which; a job has no load, and "-"."""
    if benchmark.mode is None:
        return "-"
    verdicts = [trial["saturation"] for trial in benchmark.trials if trial.get("saturation")]
    kinds = sorted(set(verdicts), key=lambda kind: -verdicts.count(kind))
    if len(kinds) == 1 and len(verdicts) == len(benchmark.trials):
        return kinds[0]
    return ", ".join(f"{kind} in {verdicts.count(kind)} of {len(benchmark.trials)}"
                     for kind in kinds) or ABSENT


def note_of(benchmark: Benchmark) -> str:
    """What a reader must know before believing the row."""
    parts = []
    for status in ("invalid", "failed"):
        if number := sum(trial["status"] == status for trial in benchmark.others):
            parts.append(f"{number} {status}")
    parts += [f"{kind} {count:,}" for kind, count in (errors_of(benchmark) or {}).items() if count]
    if limited_by(benchmark):
        parts.append("the rate is not the runtime's own")
    return "; ".join(parts)


COLUMNS = [
    Column("rate /s", _median(RATE)),
    Column("95 % interval /s", _interval),
    Column("times baseline", _relative),
    Column("p50 µs", lambda own, _: percentile(own, 0.5)),
    Column("p99 µs", lambda own, _: percentile(own, 0.99)),
    Column("95 % interval p99 µs", _tail_interval),
    Column("p99.9 µs", lambda own, _: percentile(own, 0.999)),
    Column("service p99 µs", _tail_of("service")),
    Column("own lag p99 µs", _tail_of("own_lag")),
    Column("omission", _omission),
    Column("CPU µs/op", _cpu),
    Column("loop lag max µs", _median("loop_lag_ns_max")),
    Column("PSS MiB", _median("pss_bytes_peak")),
    Column("errors", _errors),
    Column("trials", _trials),
    Column("bound by", lambda own, _: Cell(saturation_of(own)), is_number=False),
    Column("note", lambda own, _: Cell(note_of(own)), is_number=False),
]


def legend(base: str) -> str:
    """What the columns mean."""
    return ("Rate, CPU, memory and loop lag (the latest of some 90 a second): median of the ok trials; the interval is over "
            "trials, by t on the logarithm or, where marked *, by bootstrap, as t would not hold the "
            f"median. Times baseline: {base or 'none'} is 1, geometric mean over paired rounds of "
            "the rate, in open loop of the p99, with its 95 % interval; ~: cannot be told apart, or not "
            "ranked (one connection over loopback). "
            "Percentiles: of all ok trials' merged histograms; >: falls among unanswered requests. "
            "Open loop: the schedule sets the rate, so the interval is that of the trials' p99; "
            "service: from the send; own lag: what the generator itself was late; omission: p99 / "
            "service p99, how much too good a closed loop's p99 would have looked. "
            "n/a: not measured, or too few trials or samples to say.")


def rows_of(rivals: Sequence[Benchmark], base_label: str) -> list[tuple[Benchmark, list[Cell]]]:
    """Each of a group with its cells."""
    base = baseline.baseline_among(rivals, base_label)
    def row(own: Benchmark) -> list[Cell]:
        return own.once(("cells", base), lambda: [column.cell(own, base) for column in COLUMNS])

    return [(each, row(each)) for each in rivals]


def remarks(trials: Sequence[dict]) -> list[tuple[str, str, int, list[str]]]:
    """What trials say of themselves: kind, the first sentence of those alike but for figures, how
    many trials have it, and which benchmarks."""
    found: dict[tuple[str, str], list] = {}
    for trial in trials:
        for key, kind in (("reasons", trial["status"]), ("warnings", "warning")):
            for text in trial.get(key) or []:
                alike = re.sub(r"\d[\d.,]*", "#", text)
                entry = found.setdefault((kind, alike), [text, 0, {}])
                entry[1] += 1
                entry[2][trial["benchmark"]] = None
    order = {"failed": 0, "invalid": 1, "warning": 2}
    return sorted(((kind, text, count, list(names))
                   for (kind, _), (text, count, names) in found.items()),
                  key=lambda each: (order.get(each[0], 3), -each[2]))


def title_of(results: Results) -> str:
    """"Regatta run X", or "Regatta runs X and Y"."""
    names = [str(each.run.get("run_id") or each.path.name) for each in results.sources]
    return f"Regatta run{'s' if len(names) > 1 else ''} {listing(names)}"


def state_of(results: Results) -> str:
    """What is not whole: "Truncated: the run did not end", or nothing; of several files with their
    names."""
    parts = []
    for each in results.sources:
        which = f"{each.path.name}: " if results.others else ""
        if each.truncated:
            parts.append(f"{which}truncated: the run did not end; this is about what it left.")
        elif each.end.get("interrupted"):
            parts.append(f"{which}interrupted before all trials were run.")
    told = " ".join(parts)
    return told[:1].upper() + told[1:] if not results.others else told


def cache_states_line(trials: Sequence[dict]) -> str:
    """How many ok trials had which way between the CPUs, where there were several; or nothing
    (harness/record/notes.hpp)."""
    states = sorted(trial["cache_distance"]["state"] for trial in trials
                    if trial["status"] == "ok" and trial.get("cache_distance"))
    kinds = list(dict.fromkeys(states))
    if len(kinds) < 2:
        return ""
    counts = ", ".join(f"{states.count(kind):,} {kind}" for kind in kinds)
    return ("The way between the server's and the generator's CPU was not the same in all trials "
            f"({counts}): runtimes are compared by rounds in which it was; medians and intervals "
            "are of all.")


def machine_of(results: Results) -> str:
    """"Intel Xeon, 2 CPUs, Linux 6.18, kvm"; what is unknown is left out."""
    machine = results.run.get("machine") or {}
    cpus = machine.get("cpus_online")
    parts = [machine.get("cpu_model"), cpus and f"{cpus} CPUs", machine.get("kernel"),
             machine.get("virtualization")]
    return ", ".join(str(each) for each in parts if each)


def counts_of(results: Results) -> str:
    """"168 trials: 165 ok, 2 invalid and 1 failed"."""
    records = results.trials + results.memory
    if not records:
        return "No trials"
    kinds = [(sum(each["status"] == kind for each in records), kind)
             for kind in ("ok", "invalid", "failed")]
    return f"{len(records):,} trials: " + listing(f"{count:,} {kind}" for count, kind in kinds
                                                  if count or kind == "ok")
