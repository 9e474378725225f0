"""How many panels a figure may have before nobody can read it."""

from __future__ import annotations

PANELS_MAX = 24


def limited(panels: dict, most: int = PANELS_MAX) -> tuple[dict, str]:
    """The first `most` panels, and what the subtitle says of the rest: empty, or "; 24 of 90
    shown: choose others with --filter"."""
    if len(panels) <= most:
        return panels, ""
    return dict(list(panels.items())[:most]), \
        f"; {most} of {len(panels)} shown: choose others with --filter"
