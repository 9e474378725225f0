"""Command lines as a shell takes them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def shell_command(words: Iterable[str]) -> str:
    return shlex.join(str(word) for word in words)
