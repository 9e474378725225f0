"""The record itself, carried by the page."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
from pathlib import Path

from ..record import Results
from .markup import text

EMBEDDED_BYTES_MAX = 24 * 2**20  # of the compressed file: beyond it, a page is too heavy to send


def compressed(path: Path, most: int) -> tuple[bytes | None, str, int]:
    """The file as gzip (None: more than `most` bytes), its SHA-256 and its length. Read in
    pieces."""
    digest, length = hashlib.sha256(), 0
    stream = io.BytesIO()
    level = 6 if path.stat().st_size < 2**25 else 1  # some seconds against half a minute
    with path.open("rb") as file, \
            gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, compresslevel=level) as packed:
        while piece := file.read(2**20):
            digest.update(piece)
            length += len(piece)
            if stream.tell() <= most:
                packed.write(piece)
    is_too_large = stream.tell() > most
    return None if is_too_large else stream.getvalue(), digest.hexdigest(), length


def trials_csv(results: Results) -> str:
    """One line a trial: what identifies it, its state, and its metrics."""
    names = list(dict.fromkeys(name for trial in results.trials for name in trial["metrics"] or {}))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    run = ("run_id",) if results.others else ()
    head = (*run, "trial", "round", "benchmark", "workload", "runtime", "mode", "status", "saturation")
    writer.writerow([*head, *names])
    for trial in results.trials:
        metrics = trial["metrics"] or {}
        writer.writerow([*("" if trial.get(key) is None else trial[key] for key in head),
                         *("" if metrics.get(name) is None else metrics[name] for name in names)])
    return stream.getvalue()


def _button(source: str, name: str, kind: str, encoding: str, label: str) -> str:
    return (f'<button type=button class=download hidden data-source="{source}" '
            f'data-name="{text(name)}" data-type="{kind}" data-encoding="{encoding}">'
            f"{text(label)}</button>\n")


def _block(identity: str, content: str) -> str:
    # base64 has no "<"; in CSV the caller has escaped it, so that nothing ends the element early.
    return f'<script type="text/plain" id="{identity}">{content}</script>\n'


def _file(path: Path, identity: str, most: int) -> tuple[str, str, int]:
    """What is said of a file, the element that carries it, and how many bytes that takes."""
    packed, digest, length = compressed(path, most)
    about = f"<p>{text(path.name)}: {length:,} bytes, SHA-256 <code>{digest}</code>.</p>\n<p>"
    if packed is None:
        return about + "The file is not in this page: compressed, what it carries would be above " \
                       f"{EMBEDDED_BYTES_MAX // 2**20} MiB. </p>\n", "", 0
    button = _button(identity, path.name + ".gz", "application/gzip", "base64",
                     f"Save the results file (gzip, {len(packed):,} bytes)")
    return f"{about}{button}</p>\n", _block(identity, base64.b64encode(packed).decode()), \
        len(packed)


def section(results: Results) -> str:
    """Buttons that save what is embedded, and how to check it."""
    parts, blocks, room = [], [], EMBEDDED_BYTES_MAX
    for number, source in enumerate(results.sources, start=1):
        about, block, taken = _file(source.path, f"raw-data{number if number > 1 else ''}", room)
        parts.append(about)
        blocks.append(block)
        room -= taken
    if results.trials:
        button = _button("trials-csv", results.path.stem + ".csv", "text/csv", "text",
                         "Save the trials' metrics (CSV)")
        parts.append(f"<p>{button}</p>\n")
        blocks.append(_block("trials-csv", trials_csv(results).replace("<", "&lt;")))
    without = "<noscript><p>Saving needs scripts; the data stand in the source of this page, in " \
              "the elements raw-data (base64 of gzip) and trials-csv.</p></noscript>\n"
    return "".join(parts) + without + "".join(blocks)
