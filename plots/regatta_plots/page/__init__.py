"""The report as one page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from .. import cells
from ..drawing import Drawing
from ..headlines import Headline
from ..record import Results
from . import claims as claims_
from . import raw, sections
from .markup import text


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def render(results: Results, said: Sequence[Headline], drawn: Sequence[Drawing],
           skipped: Sequence[tuple[str, str]], base: str, claims: Sequence[dict] = ()) -> str:
    """The whole page. `said`: the verdict; `skipped`: figures without data; `base`: the label of
    the baseline, empty where nothing can be compared."""
    parts = [("verdict", "What the intervals say", sections.verdict(results, said))]
    if claims:
        parts.append(("claims", "Claims put to the test", claims_.section(claims)))
    parts += [("figures", "Figures", sections.figures(drawn, skipped))]
    if results.trials:
        parts.append(("tables", "Benchmarks", sections.benchmark_table(results, base)))
    if results.memory:
        parts.append(("memory", "Memory", sections.memory_tables(results)))
    parts += [("validity", "Validity of each trial", sections.validity(results)),
              ("method", "Method and its limits", _asset("method.html")),
              ("environment", "Environment", sections.environment(results)),
              ("commands", "Exact commands", sections.commands(results)),
              ("data", "Raw data", raw.section(results))]
    links = "".join(f'<li><a href="#{name}">{text(title)}</a></li>' for name, title, _ in parts)
    body = "".join(f'<section aria-labelledby="{name}"><h2 id="{name}">{text(title)}</h2>\n'
                   f"{content}</section>\n" for name, title, content in parts)
    title = cells.title_of(results)
    return ('<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>'
            f"<title>{text(title)}</title>\n"
            '<meta name=viewport content="width=device-width, initial-scale=1">\n'
            '<meta name=color-scheme content="light dark">\n<link rel=icon href="data:,">\n'
            f"<style>\n{_asset('page.css')}</style></head>\n"
            '<body><a class=skip href="#verdict">To the verdict</a>\n'
            f"<header>{sections.heading(results)}<nav aria-label=Sections><ul>{links}</ul></nav>"
            f"</header>\n<main>\n{body}</main>\n<script>\n{_asset('page.js')}</script></body>"
            "</html>\n")
