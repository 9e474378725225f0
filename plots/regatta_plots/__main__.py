"""python3 -m regatta_plots FIGURE FILE -o out.svg | all FILE --out DIR | --list

Prints a line for each file written, and for each figure that `all` skips, with the reason. Exit
status: 0 done, 1 a file cannot be read or written, or has no data for the one figure asked for,
2 usage."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from . import figures, style  # noqa: E402
from .errors import NoData, RecordError  # noqa: E402
from .record import Results, read  # noqa: E402


def save(figure, path: Path) -> None:
    """Writes the figure as the suffix says, whole or not at all, the same bytes each time."""
    part = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    try:
        with matplotlib.rc_context(style.RC):
            figure.savefig(part, metadata=metadata)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def draw(name: str, results: Results):
    """The figure called `name`, drawn in the project's style."""
    with matplotlib.rc_context(style.RC):
        return figures.load(name).draw(results)


def draw_all(results: Results, folder: Path) -> None:
    """Every figure that the file has data for, as PNG and SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in figures.names():
        try:
            figure = draw(name, results)
        except NoData as reason:
            print(f"{name}: skipped: {reason}", flush=True)
            continue
        for suffix in (".svg", ".png"):
            save(figure, folder / (name + suffix))
            print(folder / (name + suffix), flush=True)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="regatta_plots", description="Figures from a Regatta results file.")
    made.add_argument("figure", nargs="?", help="a figure's name, or all")
    made.add_argument("file", nargs="?", help="results file")
    made.add_argument("-o", metavar="PATH", help="where one figure goes: .svg or .png")
    made.add_argument("--out", metavar="DIR", help="where all figures go")
    made.add_argument("--list", action="store_true", help="the figures' names")
    return made


def check(options: argparse.Namespace, usage: argparse.ArgumentParser) -> None:
    """Ends with status 2 and one line where the arguments make no sense."""
    if options.figure is None or options.file is None:
        usage.error("needs a figure (or all) and a results file; --list prints the figures")
    if options.figure == "all":
        if options.out is None or options.o is not None:
            usage.error("all needs --out DIR")
        return
    if options.figure not in figures.names():
        usage.error(f"unknown figure '{options.figure}'; choose from {', '.join(figures.names())}")
    if options.o is None or options.out is not None:
        usage.error(f"{options.figure} needs -o PATH")
    if Path(options.o).suffix not in (".svg", ".png"):
        usage.error(f"-o {options.o}: end it in .svg or .png")


def main(arguments: list[str] | None = None) -> int:
    usage = parser()
    options = usage.parse_args(arguments)
    if options.list:
        for name in figures.names():
            print(f"{name}: {figures.load(name).TITLE}")
        return 0
    check(options, usage)
    try:
        results = read(options.file)
        if results.truncated:
            print(f"{options.file}: truncated: its run did not end; going on with "
                  f"{len(results.trials)} trials", file=sys.stderr)
        if options.figure == "all":
            draw_all(results, Path(options.out))
        else:
            save(draw(options.figure, results), Path(options.o))
            print(options.o)
    except (NoData, RecordError) as error:
        print(f"{options.figure}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
