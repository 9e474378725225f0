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


def compressed(path: Path) -> tuple[bytes | None, str, int]:
    """The file as gzip (None: too large to carry), its SHA-256 and its length. Read in pieces."""
    digest, length = hashlib.sha256(), 0
    stream = io.BytesIO()
    level = 6 if path.stat().st_size < 2**25 else 1  # some seconds against half a minute
    with path.open("rb") as file, \
            gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, compresslevel=level) as packed:
        while piece := file.read(2**20):
            digest.update(piece)
            length += len(piece)
            if stream.tell() <= EMBEDDED_BYTES_MAX:
                packed.write(piece)
    is_too_large = stream.tell() > EMBEDDED_BYTES_MAX
    return None if is_too_large else stream.getvalue(), digest.hexdigest(), length


def trials_csv(results: Results) -> str:
    """One line a trial: what identifies it, its state, and its metrics."""
    names = list(dict.fromkeys(name for trial in results.trials for name in trial["metrics"] or {}))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    head = ("trial", "round", "benchmark", "workload", "runtime", "mode", "status", "saturation")
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


def section(results: Results) -> str:
    """Buttons that save what is embedded, and how to check it."""
    packed, digest, length = compressed(results.path)
    name = results.path.name
    parts = [f"<p>{text(name)}: {length:,} bytes, SHA-256 <code>{digest}</code>.</p>\n<p>"]
    blocks = ""
    if packed is not None:
        parts.append(_button("raw-data", name + ".gz", "application/gzip", "base64",
                             f"Save the results file (gzip, {len(packed):,} bytes)"))
        blocks += _block("raw-data", base64.b64encode(packed).decode())
    else:
        parts.append(f"The file is not in this page: compressed it is above "
                     f"{EMBEDDED_BYTES_MAX // 2**20} MiB. ")
    if results.trials:
        parts.append(_button("trials-csv", results.path.stem + ".csv", "text/csv", "text",
                             "Save the trials' metrics (CSV)"))
        blocks += _block("trials-csv", trials_csv(results).replace("<", "&lt;"))
    without = "<noscript><p>Saving needs scripts; the data stand in the source of this page, in " \
              "the elements raw-data (base64 of gzip) and trials-csv.</p></noscript>\n"
    return "".join(parts) + "</p>\n" + without + blocks
