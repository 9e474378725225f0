"""The parts of the page, each a function from the results to HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .. import cells, headlines, memory_cells
from ..commands import shell_command
from ..drawing import Drawing
from ..record import Results
from ..summary import Benchmark, benchmarks, by_group
from ..words import quantity
from .markup import cell, inline_svg, listing, plain, table, text, tools, unbroken


def heading(results: Results) -> str:
    """What this is, and what must be known before anything else is read."""
    run = results.run
    about = [cells.machine_of(results), (run.get("started_at") or "")[:10]]
    parts = [f"<h1>{text(cells.title_of(results))}</h1>\n",
             f"<p class=soft>{text(', '.join(filter(None, about)))}</p>\n",
             f"<p>{text(cells.counts_of(results))}.</p>\n"]
    if results.filter:
        parts.append("<p class=notice>Only benchmarks that match "
                     f"<code>{text(results.filter)}</code>.</p>\n")
    if told := cells.state_of(results):
        parts.append(f"<p class=notice>{text(told)}</p>\n")
    return "".join(parts)


def verdict(results: Results, chosen: Sequence[headlines.Headline]) -> str:
    """The sentences."""
    items = "".join(f"<li><b>{text(each.subject)}</b>"
                    + "".join(f"<p>{unbroken(said)}</p>" for said in each.sentences) + "</li>\n"
                    for each in chosen)
    if not items:
        return "<p>The trials support no comparison: that takes two runtimes with two ok trials " \
               "each.</p>\n"
    rest = headlines.of_each_benchmark(results)
    every = "".join(f"<li><b>{text(name)}</b> {unbroken(said)}</li>\n" for name, said in rest)
    more = f"<details><summary>Every benchmark in a sentence ({len(rest)})</summary>" \
           f"<ul class=verdict>{every}</ul></details>\n" if rest else ""
    return f"<ul class=verdict>\n{items}</ul>\n<p class=soft>Sentences are made only from what " \
           "95 % intervals over trials support; each comparison stands for itself.</p>\n" + more


def figures(drawn: Sequence[Drawing], skipped: Sequence[tuple[str, str]]) -> str:
    """Every figure with its text alternative, and why others are not there."""
    parts = []
    for each in drawn:
        svg = inline_svg(each.svg, each.name, each.title, each.description)
        parts.append(f'<figure id="figure-{each.name}"><h3 class=unseen>{text(each.title)}</h3>'
                     f'<div class=scroll tabindex=0 role=region aria-label="{text(each.title)}">'
                     f"{svg}</div><figcaption><details><summary>What it shows</summary>"
                     f"<p class=soft>{text(each.description)}</p></details></figcaption></figure>\n")
    if skipped:
        parts.append("<details><summary>Figures without data in this run</summary><ul>"
                     + "".join(f"<li>{text(name)}: {text(reason)}</li>" for name, reason in skipped)
                     + "</ul></details>\n")
    return "".join(parts)


def benchmark_table(results: Results, base_label: str) -> str:
    """One row for each benchmark of each runtime."""
    found = []
    workloads: dict[str, None] = {}
    for rivals in by_group(benchmarks(results), Benchmark.conditions).values():
        for own, row in cells.rows_of(rivals, base_label):
            workloads[own.workload] = None
            shared = " ".join(part for part in own.group.split("/")[1:])
            found.append((f'<tr data-choice="{text(own.workload)}"><th scope=row>'
                          f"{text(own.label)}</th><td>{text(own.workload)}</td>"
                          f"<td class=p>{text(shared)}</td>"
                          f"<td class=p>{text(own.conditions())}</td>", row))
    kept = [at for at in range(len(cells.COLUMNS)) if any(row[at].text for _, row in found)]
    rows = [begin + "".join(cell(row[at], cells.COLUMNS[at].is_number) for at in kept) + "</tr>\n"
            for begin, row in found]
    titles = [("runtime", False), ("workload", False), ("parameters", False), ("loop", False)]
    titles += [(cells.COLUMNS[at].title, cells.COLUMNS[at].is_number) for at in kept]
    return (tools("benchmarks", "echo connections:500", list(workloads), "workload")
            + table("benchmarks", "Benchmarks: medians, intervals and percentiles", titles, rows)
            + f"<p class=soft>{text(cells.legend(base_label))}</p>\n")


def memory_tables(results: Results) -> str:
    """A table for each group of `regatta memory`."""
    parts = []
    for number, (group, rows) in enumerate(memory_cells.tables(results).items()):
        lines = (f"<tr><th scope=row>{text(row[0].text)}</th>" + "".join(
            cell(each, is_number) for each, (_, is_number) in zip(row[1:], memory_cells.TITLES[1:]))
            + "</tr>\n" for row in rows)
        parts.append(f"<h3>{text(group)}</h3>\n"
                     + table(f"memory-{number}", f"Memory: {group}", memory_cells.TITLES, lines,
                             tall=False))
    return "".join(parts) + f"<p class=soft>{text(memory_cells.LEGEND)}</p>\n"


def validity(results: Results) -> str:
    """What the gates said, in short and of each trial."""
    records = results.trials + results.memory
    if not records:
        return "<p>No trials.</p>\n"
    found = cells.remarks(records)
    items = "".join(
        f"<li><span class={'soft' if kind == 'warning' else 'bad'}>{text(kind)}</span> in "
        f"{count:,} of {len(records):,} trials, such as {text(names[0])}: {text(said)}</li>\n"
        for kind, said, count, names in found)
    summary = f"<ul>{items}</ul>\n" if items else \
        "<p>Every trial passed every gate, without warnings.</p>\n"
    if states := cells.cache_states_line(results.trials):
        summary += f"<p>{text(states)}</p>\n"
    return summary + (_trial_table(results) if results.trials else "")


def _trial_table(results: Results) -> str:
    titles = [("trial", True), ("round", True), ("benchmark", False), ("status", False),
              ("saturation", False), ("rate /s", True), ("p99 µs", True), ("generator CPU %", True),
              ("foreign CPU %", True), ("steal %", True), ("sends in time %", True),
              ("steady", False), ("reasons and warnings", False)]
    rows = (_trial_row(trial) for trial in results.trials)
    statuses = list(dict.fromkeys(trial["status"] for trial in results.trials))
    return (tools("trials", "invalid", statuses, "status")
            + table("trials", "Trials: status, saturation and gates", titles, rows))


def _percent(share: float | None) -> cells.Cell:
    if share is None:
        return cells.Cell("n/a", math.nan)
    return cells.Cell(f"{share * 100:.1f}", share)


def _figure(value: float | None, metric: str) -> cells.Cell:
    return cells.Cell(quantity(value, metric), math.nan if value is None else value)


def _trial_row(trial: dict) -> str:
    metrics = trial.get("metrics") or {}
    status = trial["status"]
    steady = (trial.get("steady_state") or {}).get("is_steady")
    said = "; ".join([*(trial.get("reasons") or []), *(trial.get("warnings") or [])])
    figures_ = [_figure(metrics.get("throughput_per_s"), "throughput_per_s"),
                _figure(metrics.get("latency_ns_p99"), "latency_ns_p99"),
                _percent((trial.get("generator") or {}).get("cpu_share")),
                _percent(trial.get("foreign_cpu_share")), _percent(trial.get("steal_share")),
                _percent((trial.get("open_loop") or {}).get("adherence_share"))]
    return (f'<tr data-choice="{text(status)}">'
            + cell(cells.Cell(str(trial.get("trial")), trial.get("trial", 0)), True)
            + cell(cells.Cell(str(trial.get("round")), trial.get("round", 0)), True)
            + f"<td>{text(trial['benchmark'])}</td>"
            f"<td class={'good' if status == 'ok' else 'bad'}>{text(status)}</td>"
            f"<td class=p>{text(trial.get('saturation') or 'n/a')}</td>"
            + "".join(cell(each, True) for each in figures_)
            + f"<td>{'n/a' if steady is None else 'yes' if steady else 'no'}</td>"
            f"<td class=w>{text(said)}</td></tr>\n")


def environment(results: Results) -> str:
    """The machine, the build, the programs under test, of each run."""
    parts = []
    for number, source in enumerate(results.sources, start=1):
        if results.others:
            parts.append(f"<h3>{text(source.path.name)}</h3>\n")
        parts.append(_environment(source.run, f"programs{number if number > 1 else ''}"))
    return "".join(parts)


def _environment(run: dict, identity: str) -> str:
    if not run:
        return "<p>The file has no run record.</p>\n"
    machine = dict(run.get("machine") or {})
    flaws = machine.get("mitigations")
    if isinstance(flaws, dict):
        machine["mitigations"] = {flaw: state for flaw, state in flaws.items()
                                  if state != "Not affected"}
    pairs = [*machine.items(), *((f"placement {key}", value)
                                 for key, value in (run.get("placement") or {}).items()),
             *((f"calibration {key}", value)
               for key, value in (run.get("calibration") or {}).items()),
             *((f"regatta {key}", value) for key, value in (run.get("regatta") or {}).items())]
    rows = []
    for entry in run.get("runtimes") or []:
        about = entry.get("describe") or {}
        rows.append(f"<tr><th scope=row>{text(entry.get('name'))}</th>" + "".join(
            f"<td class=p>{text(plain(value))}</td>" for value in (
                about.get("model"), about.get("engine"), about.get("versions"),
                (entry.get("sha256") or "n/a")[:16])) + "</tr>\n")
    titles = [(name, False) for name in ("runtime", "model", "engine", "versions", "sha256")]
    return (f"<details><summary>Machine, placement and build ({len(pairs)} facts)</summary>"
            f"{listing(pairs)}</details>\n"
            + (table(identity, "Programs under test", titles, rows, tall=False) if rows else ""))


def commands(results: Results) -> str:
    """How to repeat the runs, and this page."""
    parts = []
    for run in (each.run for each in results.sources):
        build = run.get("regatta") or {}
        if run.get("argv"):
            parts.append(f"<pre><code>{text(shell_command(run['argv']))}</code></pre>\n")
        if build.get("commit"):
            parts.append(f"<p>At commit <code>{text(build['commit'])}</code>"
                         f"{' with changes on top' if build.get('dirty') else ''}, with seed "
                         f"{text(run.get('seed'))}.</p>\n")
    chosen = (("--baseline", results.baseline), ("--filter", results.filter))
    options = [word for option, value in chosen if value for word in (option, value)]
    files = [each.path.name for each in results.sources]
    page = shell_command(["regatta", "report", *files, "--out", "DIR", *options])
    return "".join(parts) + f"<p>This page: <code>{text(page)}</code></p>\n"
