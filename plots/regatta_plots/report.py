"""A folder with the page, the Markdown summary, and every figure as SVG and PNG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from . import baseline, headlines, markdown, page
from .drawing import draw_all, write_whole
from .record import Results


def write(results: Results, folder: Path, claims: Sequence[dict] = (),
          tell: Callable[[str], None] = print) -> None:
    """Writes all of it into `folder`, which is made; `tell` gets a line for each file."""
    folder.mkdir(parents=True, exist_ok=True)
    has_trials = any(each.trials for each in baseline.rivals_in(results))
    base = baseline.label_of(results) if has_trials or results.baseline else ""
    said = headlines.headlines(results)
    skipped: list[tuple[str, str]] = []
    drawn, files = [], []
    for drawing, paths in draw_all(results, folder, skipped):
        drawn.append(drawing)
        files += paths
    for name, renderer in (("report.html", page.render), ("report.md", markdown.render)):
        text = renderer(results, said, drawn, skipped, base, claims)
        write_whole(folder / name, text.encode())
        tell(str(folder / name))
    for path in files:
        tell(str(path))
