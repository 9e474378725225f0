"""python3 -m regatta_plots FIGURE FILE... -o out.svg | all FILE... --out DIR
   | report FILE... --out DIR | --list

Prints a line for each file written, and for each figure that `all` skips, with the reason. Exit
status: 0 done, 1 a file cannot be read or written, or has no data for the one figure asked for,
2 usage."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from . import baseline, figures  # noqa: E402
from .drawing import FORMATS, draw, draw_all, rendered, write_whole  # noqa: E402
from .errors import NoData, RecordError, UsageError  # noqa: E402
from .page import claims  # noqa: E402
from .record import Results, read_together  # noqa: E402
from .report import write  # noqa: E402

FOLDERS = ("all", "report")  # what is written into a folder


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="regatta_plots", description="Figures from a Regatta results file.")
    made.add_argument("figure", nargs="?", metavar="FIGURE",
                      help="a figure's name or the beginning of one; all: every figure; report: "
                           "every figure, a page and a Markdown summary")
    made.add_argument("files", nargs="*", metavar="FILE",
                      help="results file; several of one machine are taken as one")
    made.add_argument("-o", metavar="PATH", help="where one figure goes: .svg or .png")
    made.add_argument("--out", metavar="DIR", help="where all figures or the report go")
    made.add_argument("--filter", metavar="REGEX", help="only benchmarks whose name matches")
    made.add_argument("--baseline", metavar="RUNTIME", default="",
                      help="what others are compared with (epoll if it is there)")
    made.add_argument("--claims", metavar="JSON", help="report: results of claims, for the page")
    made.add_argument("--list", action="store_true", help="the figures' names")
    return made


def check(options: argparse.Namespace, usage: argparse.ArgumentParser) -> None:
    """Ends with status 2 and one line where the arguments make no sense."""
    if options.figure is None or not options.files:
        usage.error("needs a figure (or all, or report) and a results file; --list prints the "
                    "figures")
    if options.claims is not None and options.figure != "report":
        usage.error("--claims goes with report")
    if options.figure in FOLDERS:
        if options.out is None or options.o is not None:
            usage.error(f"{options.figure} needs --out DIR")
        return
    name = figures.named(options.figure)
    if name is None:
        usage.error(f"unknown figure '{options.figure}'; choose from {', '.join(figures.names())}")
    options.figure = name
    if options.o is None or options.out is not None:
        usage.error(f"{options.figure} needs -o PATH")
    if Path(options.o).suffix[1:] not in FORMATS:
        usage.error(f"-o {options.o}: end it in .svg or .png")


def results_of(options: argparse.Namespace) -> Results:
    """The file as asked for."""
    results = read_together(options.files)
    for each in results.sources:
        if each.truncated:
            left = f"{len(results.trials)} trials" if not results.others else "what it left"
            print(f"{each.path}: truncated: its run did not end; going on with {left}",
                  file=sys.stderr)
    if options.filter is not None:
        try:
            results.keep(options.filter)
        except re.error as error:
            raise UsageError(
                f"--filter '{options.filter}' is no regular expression: {error}") from error
        if not results.trials and not results.memory:
            raise UsageError(
                f"--filter '{options.filter}' matches no benchmark of "
                f"{', '.join(options.files)}")
    results.baseline = options.baseline
    if options.baseline:
        baseline.label_of(results)
    return results


def draw_folder(results: Results, folder: Path) -> None:
    """Every figure that the file has data for, as PNG and SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    skipped: list[tuple[str, str]] = []
    for _, paths in draw_all(results, folder, skipped):
        for path in paths:
            print(path, flush=True)
    for name, reason in skipped:
        print(f"{name}: skipped: {reason}", flush=True)


def run(options: argparse.Namespace) -> None:
    """What was asked for, checked before."""
    if options.figure in FOLDERS:
        results = results_of(options)
        if options.figure == "all":
            draw_folder(results, Path(options.out))
        else:
            judged = claims.read(Path(options.claims)) if options.claims else []
            write(results, Path(options.out), judged)
        return
    module = figures.load(options.figure)
    if hasattr(module, "read"):
        if len(options.files) > 1:
            raise UsageError("takes one file")
        results = module.read(options.files[0])
    else:
        results = results_of(options)
    path = Path(options.o)
    write_whole(path, rendered(draw(options.figure, results), path.suffix[1:]))
    print(path)


def main(arguments: list[str] | None = None) -> int:
    usage = parser()
    options = usage.parse_args(arguments)
    if options.list:
        for name in figures.names():
            print(f"{name}: {figures.load(name).TITLE}")
        return 0
    check(options, usage)
    try:
        run(options)
    except UsageError as error:
        print(f"{options.figure}: {error}", file=sys.stderr)
        return 2
    except (NoData, RecordError) as error:
        print(f"{options.figure}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on
        return 1
    except OSError as error:
        print(f"cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{options.figure}: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
