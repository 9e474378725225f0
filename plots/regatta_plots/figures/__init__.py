"""One figure = one file with TITLE, PLACE (its place in a report, ascending) and draw(results); no
list to edit. The files are those of this folder, and modules beside it that have TITLE and draw. A
module whose figure is not of a results file has a reader of its own, read(path), and stands
alone."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import ModuleType

_PACKAGE = __name__.rpartition(".")[0]


@functools.cache
def _found() -> dict[str, ModuleType]:
    modules = {module.name: importlib.import_module(f"{__name__}.{module.name}")
               for module in pkgutil.iter_modules(__path__)}
    for module in pkgutil.iter_modules(importlib.import_module(_PACKAGE).__path__):
        if not module.ispkg and module.name != "__main__":
            loaded = importlib.import_module(f"{_PACKAGE}.{module.name}")
            if hasattr(loaded, "TITLE") and hasattr(loaded, "draw"):
                modules[module.name] = loaded
    return dict(sorted(modules.items()))


def names() -> list[str]:
    """The figures' names, in alphabetical order."""
    return list(_found())


def in_reports() -> list[str]:
    """Those that a results file may have data for, in the order of a report."""
    return sorted((name for name in names() if not hasattr(load(name), "read")),
                  key=lambda name: (getattr(load(name), "PLACE", 99), name))


def load(name: str) -> ModuleType:
    return _found()[name]


def named(text: str) -> str | None:
    """The figure that `text` is the name of, or an unambiguous beginning of; else None."""
    candidates = [name for name in names() if name.startswith(text)]
    return text if text in names() else candidates[0] if len(candidates) == 1 else None
