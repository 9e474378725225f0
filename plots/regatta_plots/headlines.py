"""The verdict in sentences. A comparison is made only where the intervals support it; else the
sentence says that there is none to make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import baseline, mixed, ranking
from .figures.latency_rate import LOAD, is_saturated
from .figures.memory_per_connection import PARTS, by_panel, points_of
from .record import Results
from .stats import fit_line
from .summary import Benchmark, by_group, natural_key
from .words import listing

CPU = "server_cpu_ns_per_op"


@dataclass(frozen=True)
class Headline:
    """What is said of one subject."""

    subject: str
    sentences: list[str] = field(default_factory=list)


def _place(group: str, without: str) -> str:
    """"echo, size 64, 1 worker"."""
    name, *params = group.split("/")
    told = [name]
    for param in params:
        key, _, value = param.partition(":")
        if key == "workers":
            told.append(f"{value} worker{'' if value == '1' else 's'}")
        elif key != without:
            told.append(f"{key} {value}")
    return ", ".join(told)


def _families(results: Results, mode: str | None) -> list[list[Benchmark]]:
    """Of benchmarks that differ only in their load (connections, or the rate), those with the
    most."""
    key = "rate" if mode == "open" else "connections"
    having = [each for each in baseline.rivals_in(results)
              if each.mode == mode and each.trials and each.workload != "mixed"]
    families: dict[str, dict[str, list[Benchmark]]] = {}
    for (group, _), members in by_group(having, Benchmark.loop).items():
        name = LOAD.sub("", group) if key == "rate" else \
            "/".join(part for part in group.split("/") if not part.startswith("connections:"))
        families.setdefault(name, {})[group] = members
    return [groups[max(groups, key=natural_key)] for groups in families.values()]


def _compared(rivals: Sequence[Benchmark], base_label: str,
              metrics: Sequence[tuple[str, str]]) -> list[str]:
    """Who leads, and where the others stand against the baseline, for each metric."""
    parts = [text for text in [ranking.sentence(rivals, only_the_lead=True)] if text]
    base = baseline.baseline_among(rivals, base_label)
    if base is None or len(rivals) < 3:
        return parts
    for metric, what in metrics:
        if not ranking.is_rankable(base, base, metric):
            continue  # the first sentence has said so
        is_ranked = metric == ranking.ranking_metric(base)
        if not is_ranked or baseline.against(rivals, base, metric)[0]:
            parts += [text for text in [baseline.sentence(rivals, base, metric, what)] if text]
    return parts


def of_closed_loops(results: Results, base: str) -> list[Headline]:
    found = []
    for rivals in _families(results, "closed"):
        count = rivals[0].params.get("connections")
        at = f"At {count:,} connections, " if isinstance(count, int) else ""
        subject = f"{at}{_place(rivals[0].group, 'connections')} (closed loop)"
        found.append(Headline(subject, _compared(rivals, base, [
            (ranking.RATE, "Replies per second"), (CPU, "CPU time of the server per request")])))
    return found


def of_open_loops(results: Results, base: str) -> list[Headline]:
    found = []
    for rivals in _families(results, "open"):
        behind = [each for each in rivals if is_saturated(each)]
        kept = [each for each in rivals if each not in behind]
        parts = _compared(kept, base, [(ranking.TAIL, "p99 of the response time")])
        if behind:
            parts.append(f"{listing(ranking.in_order(behind))} did not keep up: the backlog grew.")
        place = _place(rivals[0].group, "")
        found.append(Headline(f"{place} (open loop, the highest load)", parts))
    return found


def of_jobs(results: Results, base: str) -> list[Headline]:
    return [Headline(f"{_place(rivals[0].group, '')} (job)",
                     _compared(rivals, base, [(ranking.RATE, "Units per second")]))
            for rivals in _families(results, None)]


def of_memory(results: Results) -> list[Headline]:
    """Slopes with their intervals, each on its own."""
    found = []
    for group, members in by_panel(results).items():
        parts = []
        for (label, _), records in members.items():
            whole = fit_line(points_of(records, PARTS))
            kernel = fit_line(points_of(records, ["kernel_stack_bytes"]))
            if whole is not None:
                stacks = "" if kernel is None or kernel.slope < 512 else \
                    f", {kernel.slope / 1024:.1f} of it kernel stacks"
                parts.append(f"{label} {whole.slope / 1024:.2f} KiB "
                             f"({whole.low / 1024:.2f}-{whole.high / 1024:.2f}{stacks})")
        if parts:
            found.append(Headline(f"What one more idle connection or task costs the server: "
                                  f"{_place(group, '')}", ["; ".join(parts) + "."]))
    return found


def of_mixed(results: Results) -> list[Headline]:
    found = []
    for group, pairs in mixed.pairs_of(results).items():
        place = _place(group.partition(" (")[0], "heavy")
        found.append(Headline(f"Requests that compute, beside others that do not: {place}",
                              mixed.sentences(pairs)))
    return found


def of_verdicts(results: Results) -> list[Headline]:
    """What the run itself concluded: searches, noise floors, a gate and what it found."""
    found = []
    for each in results.verdicts:
        is_quiet = each.get("kind") == "memory" or each.get("verdict") in ("OK", "IDENTICAL") \
            and each.get("kind") == "gate"
        if each.get("sentence") and not is_quiet:
            subject = ": ".join(str(each[key]) for key in ("kind", "benchmark", "metric")
                                if each.get(key))
            found.append(Headline(subject.replace("_", " ", 1), [each["sentence"]]))
    return sorted(found, key=lambda each: each.subject != "gate summary")


def headlines(results: Results) -> list[Headline]:
    """All that can be said, the most asked for first; subjects without a sentence are left out."""
    has_trials = any(each.trials for each in baseline.rivals_in(results))
    base = baseline.label_of(results) if has_trials else ""
    told = [*of_verdicts(results), *of_mixed(results), *of_closed_loops(results, base),
            *of_open_loops(results, base), *of_memory(results), *of_jobs(results, base)]
    return [each for each in told if each.sentences]


def of_each_benchmark(results: Results) -> list[tuple[str, str]]:
    """Every group and its sentence."""
    groups = by_group(baseline.rivals_in(results), Benchmark.loop)
    return [(f"{group} ({loop})", text) for (group, loop), members in groups.items()
            if (text := ranking.sentence(members))]

