"""One colour, marker and place for each runtime, the same in every figure and file."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), which most colour-blind readers can
# tell apart.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"


@dataclass(frozen=True)
class Look:
    """How a runtime is drawn."""

    colour: str
    marker: str
    line: str | tuple = "-"
    hollow: bool = False
    fill: str = "full"  # which part of the marker has the colour


# The order of harness/record/format.cpp.
RUNTIMES = {
    "thread": Look(BLACK, "o"),
    "epoll": Look(ORANGE, "s"),
    "asio": Look(BLUE, "^"),
    "asio_uring": Look(SKY, "v"),
    "fiber": Look(GREEN, "D"),
    "fiber_uring": Look(YELLOW, "P"),
    "uring": Look(VERMILLION, "X"),
    "uring_multishot": Look(PURPLE, "p"),
}
# The tree's others, in the order of their names.
FURTHER = {
    "go_net": Look(SKY, "<", "--"),
    "node_net": Look(GREEN, ">", "--"),
    "null": Look(BLACK, "*", "-."),
    "python_asyncio": Look(BLUE, "h", "--"),
    "python_processes": Look(ORANGE, "d", "--"),
    "python_threads": Look(BLACK, "<", "--"),
    "python_uvicorn": Look(PURPLE, "*", "--"),
    "python_uvloop": Look(VERMILLION, "H", "--"),
}
_KNOWN = RUNTIMES | FURTHER
# Of all else: half-filled markers, which none of the above has.
_STRANGERS = [Look(colour, marker, line, fill=fill)
              for line in ((0, (4, 1.5)), (0, (8, 2)), (0, (6, 1.5, 1, 1.5)))
              for fill in ("left", "right", "top", "bottom")
              for marker in ("o", "s", "D", "^", "v", "<", ">", "p", "h", "d", "8", "H")
              for colour in (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
              if all((each.colour, each.marker) != (colour, marker) for each in _KNOWN.values())]
_VARIANTS = [(line, fill) for fill in ("full", "left", "top")
             for line in (":", "-.", (0, (1, 3)), (0, (6, 2, 1, 2, 1, 2)))]


def order_key(runtime: str) -> tuple:
    """The project's own runtimes by model and engine, then all others by name."""
    names = list(RUNTIMES)
    return (names.index(runtime), "") if runtime in RUNTIMES else (len(names), runtime)


def looks(labels: Iterable[tuple[str, str]]) -> dict[str, Look]:
    """The look of each (label, runtime). One that the tree does not have gets one of about a
    thousand from its name; only where two of a file would get the same, the later one takes the
    next. A runtime with settings of its own keeps its colour and has hollow markers."""
    labels = sorted(set(labels), key=lambda pair: (order_key(pair[1]), pair[0]))
    base = dict(_KNOWN)
    taken: set[int] = set()
    for _, runtime in labels:
        if runtime not in base:
            at = zlib.crc32(runtime.encode()) % len(_STRANGERS)
            while at in taken and len(taken) < len(_STRANGERS):
                at = (at + 1) % len(_STRANGERS)
            taken.add(at)
            base[runtime] = _STRANGERS[at]
    chosen: dict[str, Look] = {}
    variants: dict[str, int] = {}
    for label, runtime in labels:
        chosen[label] = base[runtime]
        if label != runtime:
            number = variants[runtime] = variants.get(runtime, -1) + 1
            line, fill = _VARIANTS[number % len(_VARIANTS)]
            chosen[label] = replace(base[runtime], hollow=True, line=line, fill=fill)
    return chosen


# Settings under which the same file gives the same bytes, and text in SVG stays text.
RC = {
    "svg.fonttype": "none",
    "svg.hashsalt": "regatta",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "lines.markersize": 5,
    "figure.dpi": 100,
    "savefig.dpi": 144,
}
