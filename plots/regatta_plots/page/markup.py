"""Pieces of HTML. Whatever comes from a file goes through `text`."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Sequence

from ..cells import Cell


def text(value: object) -> str:
    """Escaped, for content and for attributes in double quotes."""
    return html.escape(str(value), quote=True)


_LONG = 30  # characters: a remark, which is wrapped


def unbroken(sentence: str) -> str:
    """The sentence as HTML, with its intervals each on one line."""
    return re.sub(r"\d[\d.,]*-\d[\d.,]*\d|\d-\d", r"<span class=i>\g<0></span>", text(sentence))


def cell(content: Cell, is_number: bool) -> str:
    """A td that sorts by the figure behind it."""
    if content.value is None:
        kind = "n" if is_number else "w" if len(content.text) > _LONG else "p"
        return f"<td class={kind}>{text(content.text)}</td>"
    behind = "" if math.isnan(content.value) else f"{content.value:.12g}"
    return f'<td class=n data-v="{behind}">{text(content.text)}</td>'


def table(identity: str, caption: str, titles: Sequence[tuple[str, bool]],
          rows: Iterable[str], *, tall: bool = True) -> str:
    """A sortable table in a box of its own that scrolls; `titles` say whether a column is numbers;
    `rows` are finished tr elements."""
    head = "".join(f'<th scope=col{" class=n" if is_number else ""}>{text(title)}</th>'
                   for title, is_number in titles)
    return (f'<div class="scroll{" tall" if tall else ""}" tabindex=0 role=region '
            f'aria-label="{text(caption)}"><table class=sortable id="{identity}">'
            f"<caption class=unseen>{text(caption)}</caption><thead><tr>{head}</tr></thead>\n"
            f"<tbody>{''.join(rows)}</tbody></table></div>\n")


def tools(identity: str, example: str, choices: Sequence[str] = (), choice_of: str = "") -> str:
    """The line above a table that filters it; shown by the script."""
    select = ""
    if len(choices) > 1:
        options = "".join(f'<option value="{text(each)}">{text(each)}</option>' for each in choices)
        select = (f"<label>{text(choice_of)} <select><option value=\"\">all</option>{options}"
                  "</select></label>")
    return (f'<div class=tools data-tools="{identity}" hidden><label>Filter '
            f'<input type=search placeholder="{text(example)}" autocomplete=off></label>{select}'
            f"<span role=status class=soft></span></div>\n")


def listing(pairs: Iterable[tuple[str, object]]) -> str:
    """A list of names and values; what is unknown says so."""
    return "<dl>" + "".join(f"<dt>{text(name)}</dt><dd>{text(plain(value))}</dd>"
                            for name, value in pairs) + "</dl>\n"


def plain(value: object) -> str:
    """A value of a record for a person."""
    if value is None:
        return "n/a"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(plain, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(part)}" for key, part in value.items()) or "none"
    return json.dumps(value)


def inline_svg(source: str, name: str, title: str, description: str) -> str:
    """The drawing as part of a page: ids of its own, a text alternative, no size in points that
    would keep it from shrinking on paper."""
    start = source.index("<svg")
    body = re.sub(r"<metadata>.*?</metadata>", "", source[start:], flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'url\(#([^)]+)\)', rf"url(#{name}-\1)", body)
    body = re.sub(r'xlink:href="#([^"]+)"', rf'xlink:href="#{name}-\1"', body)
    body = body.replace("px 'DejaVu Sans'", "px 'DejaVu Sans', Verdana, sans-serif")
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)  # stands in page.css
    head, rest = body.split(">", 1)
    width = re.search(r'width="([^"]+)"', head)
    head = re.sub(r' (?:width|height)="[^"]*"', "", head)
    head += f' style="--drawn: {width.group(1) if width else "100%"}" role="img"' \
            f' aria-labelledby="{name}-title {name}-about"'
    return (f'{head}><title id="{name}-title">{text(title)}</title>'
            f'<desc id="{name}-about">{text(description)}</desc>{rest}')
