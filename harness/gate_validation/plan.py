"""The preregistered plan, and the runs that follow from it."""

from __future__ import annotations

import hashlib
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path


class PlanError(Exception):
    """The plan cannot be used; one line."""


@dataclass(frozen=True)
class Run:
    """One run of the gate. `number` names it: a run that is on record is not repeated."""

    number: int
    inject: str
    has_neighbour: bool
    seed: int


@dataclass(frozen=True)
class Plan:
    sha256: str
    text: str
    content: dict

    @property
    def benchmarks(self) -> str:
        return self.content["benchmarks"]

    @property
    def injections(self) -> list[str]:
        return [each["inject"] for each in self.content["runs"] if each["inject"]]

    def runs(self) -> list[Run]:
        """All runs in the order in which they are made: random, from the plan's seed."""
        seed = self.content["seed"]
        made = []
        for each in self.content["runs"]:
            count = each["count"]
            loud = round(count * self.content["neighbour"]["share"])
            made += [(each["inject"], place < loud) for place in range(count)]
        random.Random(seed).shuffle(made)
        return [Run(number, inject, loud, seed + 1 + number) for number, (inject, loud) in enumerate(made)]


# What a plan must have: the type of each value.
FORM = {"benchmarks": str, "seed": int, "gate": dict, "rule": dict, "truth": dict, "neighbour": dict, "runs": list, "wanted": dict}
PARTS = {"gate": {"budget_s": int, "metrics": list},
         "rule": {"looks": list, "ok_error": float, "family_error": float, "tolerance": list}, "truth": {"rounds": int, "measure_s": (int, float)},
         "neighbour": {"share": (int, float)},
         "wanted": {"false_alarms_max": int, "unchanged_runs_min": int, "slowdown_min": (int, float), "missed_max": int,
                    "slowed_runs_min": int}}


def _check(where: str, content: dict, form: dict) -> None:
    for name, kind in form.items():
        if not isinstance(content.get(name), kind):
            raise PlanError(f"{where}: '{name}' is missing or of another type")
    if unknown := set(content) - set(form):
        raise PlanError(f"{where}: unknown {', '.join(sorted(unknown))}; it takes {', '.join(form)}")


def parse(text: str, where: str = "plan") -> Plan:
    """Raises PlanError."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{where}: {error}") from error
    _check(where, content, FORM)
    for name, form in PARTS.items():
        _check(f"{where}: [{name}]", content[name], form)
    for each in content["runs"]:
        _check(f"{where}: [[runs]]", each, {"inject": str, "count": int})
    injections = [each["inject"] for each in content["runs"]]
    if len(set(injections)) != len(injections):
        raise PlanError(f"{where}: [[runs]] names an injection twice")
    return Plan(hashlib.sha256(text.encode()).hexdigest(), text, content)


def read(path: Path) -> Plan:
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise PlanError(f"cannot read {path}: {error.strerror}") from error
