"""Figures drawn and written; a figure is let go as soon as its files are there."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from . import figures, style
from .errors import NoData
from .record import Results

FORMATS = ("svg", "png")


@dataclass(frozen=True)
class Drawing:
    """A figure for a page."""

    name: str
    title: str
    description: str
    svg: str


def draw(name: str, results: Results) -> Figure:
    """The figure called `name`, drawn in the project's style."""
    with matplotlib.rc_context(style.RC):
        return figures.load(name).draw(results)


def rendered(figure: Figure, suffix: str) -> bytes:
    """As a file of that kind: the same bytes each time."""
    stream = io.BytesIO()
    with matplotlib.rc_context(style.RC):
        figure.savefig(stream, format=suffix,
                       metadata={"Date": None} if suffix == "svg" else {"Software": None})
    return stream.getvalue()


def write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    part = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)


def describe(figure: Figure, title: str) -> str:
    """What a reader who does not see the figure is told: how it is drawn, and what is in it."""
    texts = [text.get_text().replace("\n", " ") for text in figure.texts]
    about = texts[1] if len(texts) > 1 else ""
    panels = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    shown = [label.get_text() for legend in figure.legends for label in legend.get_texts()]
    if not shown and figure.axes:
        shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    parts = [f"{title}. {about}.",
             f"Panels: {'; '.join(filter(None, panels))}." if any(panels) else "",
             f"Shown: {', '.join(shown)}." if shown else "",
             "The same figures stand in the tables of the page."]
    return " ".join(filter(None, parts))


def draw_all(results: Results, folder: Path, skipped: list[tuple[str, str]]) \
        -> Iterator[tuple[Drawing, list[Path]]]:
    """Every figure that the file has data for, written to `folder`; the others, with the reason,
    are appended to `skipped`."""
    for name in figures.in_reports():
        try:
            figure = draw(name, results)
        except NoData as reason:
            skipped.append((name, str(reason)))
            continue
        paths, svg = [], b""
        for suffix in FORMATS:
            content = rendered(figure, suffix)
            svg = content if suffix == "svg" else svg
            paths.append(folder / f"{name}.{suffix}")
            write_whole(paths[-1], content)
        title = figures.load(name).TITLE
        yield Drawing(name, title, describe(figure, title), svg.decode()), paths
