"""The report as Markdown: the verdict, the figures as pictures beside it, tables, validity."""

from __future__ import annotations

from collections.abc import Sequence

from . import cells, memory_cells
from .commands import shell_command
from .drawing import Drawing
from .headlines import Headline
from .page import claims as claims_
from .record import Results
from .summary import Benchmark, benchmarks, by_group
from .words import listing


def escaped(text: str) -> str:
    """For a cell: on one line, with nothing that ends it."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def table(titles: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> str:
    """Aligned in plain text too; `titles` say whether a column is numbers."""
    rows = [[escaped(cell) for cell in row] for row in rows]
    widths = [max([2, len(title), *(len(row[at]) for row in rows)])
              for at, (title, _) in enumerate(titles)]

    def line(row: Sequence[str]) -> str:
        padded = (cell.rjust(width) if is_number else cell.ljust(width)
                  for cell, width, (_, is_number) in zip(row, widths, titles))
        return f"| {' | '.join(padded)} |\n"

    rule = "".join(f" {'-' * (width - 1)}: |" if is_number else f" :{'-' * (width - 1)} |"
                   for width, (_, is_number) in zip(widths, titles))
    return line([title for title, _ in titles]) + f"|{rule}\n" + "".join(map(line, rows))


def _heading(results: Results) -> str:
    files = listing(f"`{each.path.name}`" for each in results.sources)
    text = f"# {cells.title_of(results)}\n\n{cells.counts_of(results)}, from {files}."
    for run in (each.run for each in results.sources):
        if run:
            text += f" Started {run.get('started_at')}, seed {run.get('seed')}, " \
                    f"{run.get('rounds')} rounds."
    if results.filter:
        text += f" Only benchmarks that match `{results.filter}`."
    if told := cells.state_of(results):
        text += f" **{told}**"
    return text + "\n\n"


def _tables(results: Results, base: str) -> str:
    text = "## Benchmarks\n\n"
    for (group, conditions), rivals in by_group(benchmarks(results), Benchmark.conditions).items():
        rows = [[own.label, *(cell.text for cell in row)]
                for own, row in cells.rows_of(rivals, base)]
        titles = [("runtime", False),
                  *((column.title, column.is_number) for column in cells.COLUMNS)]
        kept = [at for at in range(len(titles)) if any(row[at] not in ("", "n/a") for row in rows)]
        text += f"### {group} ({conditions})\n\n" \
            + table([titles[at] for at in kept], [[row[at] for at in kept] for row in rows]) + "\n"
    return text + cells.legend(base) + "\n\n"


def _memory(results: Results) -> str:
    text = "## Memory\n\n"
    for group, rows in memory_cells.tables(results).items():
        text += f"### {group}\n\n" + table(memory_cells.TITLES,
                                           [[each.text for each in row] for row in rows]) + "\n"
    return text + memory_cells.LEGEND + "\n\n"


def _validity(results: Results) -> str:
    records = results.trials + results.memory
    if not records:
        return "## Validity\n\nNo trials.\n\n"
    lines = [f"- {kind} in {count:,} of {len(records):,} trials, such as `{names[0]}`: "
             f"{escaped(said)}\n" for kind, said, count, names in cells.remarks(records)]
    told = "".join(lines) or "Every trial passed every gate, without warnings.\n"
    states = cells.cache_states_line(results.trials)
    return f"## Validity\n\n{told}\n" + (f"{states}\n\n" if states else "")


def _repetition(results: Results) -> str:
    text = ""
    for each in results.sources:
        run, build = each.run, each.run.get("regatta") or {}
        if not run.get("argv"):
            continue
        about = ", ".join(filter(None, [cells.machine_of(each), build.get("compiler")]))
        text += f"\nOn {about or 'an unknown machine'}:\n\n" \
                f"```sh\n{shell_command(run['argv'])}\n```\n"
        if build.get("commit"):
            changed = " with changes on top" if build.get("dirty") else ""
            text += f"\nAt commit `{build['commit']}`{changed}, with seed {run.get('seed')}. All " \
                    "of the environment stands in the record and on the page.\n"
    return f"## How to repeat it\n{text}" if text else ""


def render(results: Results, said: Sequence[Headline], drawn: Sequence[Drawing],
           skipped: Sequence[tuple[str, str]], base: str, claims: Sequence[dict] = ()) -> str:
    """The whole summary; arguments as of page.render."""
    text = _heading(results) + "## What the intervals say\n\n"
    text += "".join(f"- **{each.subject}**: {' '.join(each.sentences)}\n" for each in said) \
        or "The trials support no comparison.\n"
    text += "\n"
    if claims:
        text += f"## Claims\n\n{claims_.total(claims)}\n\n" \
            + table(claims_.TITLES, [claims_.row_of(each) for each in claims]) + "\n"
    text += "## Figures\n\n" + "".join(f"![{each.title}]({each.name}.svg)\n\n" for each in drawn)
    if skipped:
        text += f"No data for {listing(name for name, _ in skipped)}; the page says what is " \
                "missing.\n\n"
    text += _tables(results, base) if results.trials else ""
    text += _memory(results) if results.memory else ""
    return text + _validity(results) + _repetition(results)
