#!/usr/bin/env python3
"""Proves the gate, or not: runs it on builds that are known not to differ, and on such that were slowed on purpose.

    validate.py [PLAN] [--build DIR] [--out FILE] [--limit N] [--mixed]

Does what the plan says and the results file lacks: measures how much each injection costs, then runs the gate again and
again; each is on disk before the next begins, so it may be stopped at any time and goes on where it was, with the same build
on the same machine. A gate run that fails (not: that judges wrongly) is on record too, and is made once more at the end.
Exit status: 0 all is done, 1 not, 2 usage, or a plan or build that does not fit."""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path

import plan as plans
from plan import Plan, PlanError
from programs import Origin, ProgramError, cpu_per_request, look_at, neighbour, run_gate
from results import Results

HERE = Path(__file__).resolve().parent
TREE = HERE.parent.parent


def check_rule(plan: Plan, now: Origin) -> None:
    """Raises PlanError where the build judges by another rule than the plan is about. The first level of each kind says which
    error is spent: alpha (n / N)^1.5."""
    wanted = plan.content["rule"]
    first_strict = next(look for look, level in enumerate(now.rule["strict_levels"]) if level is not None)
    looks = now.rule["looks"]

    def first_level(error: float, look: int) -> float:
        return error * (looks[look] / looks[-1]) ** 1.5

    same = {"looks": wanted["looks"] == looks, "tolerance": wanted["tolerance"] == now.rule["tolerance"],
            "ok_error": math.isclose(now.rule["ok_levels"][0], first_level(wanted["ok_error"], 0), rel_tol=1e-6),
            "family_error": math.isclose(now.rule["strict_levels"][first_strict] * now.rule["cells"],
                                         first_level(wanted["family_error"], first_strict), rel_tol=1e-6)}
    if others := [name for name, is_same in same.items() if not is_same]:
        raise PlanError(f"the build judges by another rule than the plan's: {', '.join(others)}")


class Witness:
    """Sees to it that all of the results are of one build on one machine, unless told otherwise."""

    def __init__(self, build: Path, plan: Plan, results: Results, is_mixed: bool) -> None:
        """Raises PlanError."""
        self._known = look_at(build, plan)
        check_rule(plan, self._known)
        before = [Origin(*(record[each.name] for each in fields(Origin))) for record in results.of("origin")]
        if before and (others := before[-1].differences(self._known)):
            if not is_mixed:
                raise PlanError(f"the results were begun with another build or elsewhere, and differ in {', '.join(others)}; "
                                "give another --out, or --mixed")
            before = []
        if not before:
            results.append("origin", asdict(self._known))

    def see(self, now: Origin) -> None:
        """Raises PlanError where it changed meanwhile: what was just run is not kept."""
        if others := self._known.differences(now):
            raise PlanError(f"{', '.join(others)} changed while it ran; build into a folder of its own for this")


def measure_truth(build: Path, plan: Plan, inject: str, witness: Witness, say) -> dict[str, dict]:
    """How many times the CPU time a request costs with `inject`, for each benchmark, from trials by turns."""
    ratios: dict[str, list[float]] = {}
    truth = plan.content["truth"]
    for round_ in range(truth["rounds"]):
        say(f"truth of {inject}: round {round_ + 1} of {truth['rounds']}")
        costs = {}
        # Turn about, so that a machine that drifts favours neither.
        for slowed in ("", inject) if round_ % 2 == 0 else (inject, ""):
            now, costs[slowed] = cpu_per_request(build, plan.benchmarks, slowed, truth["measure_s"],
                                                 plan.content["seed"] + round_)
            witness.see(now)
        for name in costs[""].keys() & costs[inject].keys():
            ratios.setdefault(name, []).append(costs[inject][name] / costs[""][name])
    return {name: interval(values) for name, values in sorted(ratios.items())}


def interval(ratios: list[float]) -> dict:
    """Geometric mean with its 95 % interval, Student's t on the logarithms; none with fewer than 6 rounds."""
    logs = [math.log(ratio) for ratio in ratios]
    found = {"ratio": math.exp(statistics.fmean(logs)), "low": None, "high": None, "rounds": len(logs)}
    if len(logs) >= 6:
        error = statistics.stdev(logs) / math.sqrt(len(logs))
        reach = student_975(len(logs) - 1) * error
        found |= {"low": math.exp(math.log(found["ratio"]) - reach), "high": math.exp(math.log(found["ratio"]) + reach)}
    return found


def student_975(degrees: int) -> float:
    """The 97.5 % point of Student's t, by the expansion of Abramowitz and Stegun 26.7.5; four digits from 5 degrees on."""
    z = statistics.NormalDist().inv_cdf(0.975)
    terms = [(z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
             (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160]
    return z + sum(term / degrees**power for power, term in enumerate(terms, start=1))


def truths_to_do(results: Results, plan: Plan) -> list[str]:
    known = {record["inject"] for record in results.of("truth")}
    return [inject for inject in plan.injections if inject not in known]


def runs_to_do(results: Results, plan: Plan) -> list[plans.Run]:
    known = {record["number"] for record in results.of("run")}
    return [run for run in plan.runs() if run.number not in known]


def make_run(build: Path, plan: Plan, run: plans.Run, witness: Witness, results: Results) -> str | None:
    """One run of the gate and its record; why it failed, or None."""
    about = {"number": run.number, "inject": run.inject, "has_neighbour": run.has_neighbour, "seed": run.seed,
             "began_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    try:
        with neighbour(run.has_neighbour):
            now, told = run_gate(build, plan, run)
    except ProgramError as error:
        results.append("failure", about | {"reason": str(error)})
        return str(error)
    witness.see(now)
    results.append("run", about | told)
    return None


def work(build: Path, plan: Plan, results: Results, limit: int, is_mixed: bool, say) -> bool:
    """Does what is left, at most `limit` pieces of it; gives whether all is done. A run that fails is made again at the end,
    once."""
    truths, runs = truths_to_do(results, plan), runs_to_do(results, plan)
    if not truths and not runs:
        return True
    witness = Witness(build, plan, results, is_mixed)
    for inject in truths[:limit]:
        results.append("truth", {"inject": inject, "benchmarks": measure_truth(build, plan, inject, witness, say)})
        limit -= 1
    failed: set[int] = set()
    while runs and limit > 0:
        run, *runs = runs
        limit -= 1
        say(f"gate run, {len(runs)} left after it: {run.inject or 'no change'}{', with a neighbour' if run.has_neighbour else ''}")
        if reason := make_run(build, plan, run, witness, results):
            say(f"run {run.number}: {reason}")
            runs += [] if run.number in failed else [run]
            failed.add(run.number)
    return not truths_to_do(results, plan) and not runs_to_do(results, plan)


def main(arguments: list[str]) -> int:
    usage = argparse.ArgumentParser(prog="validate.py", description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    usage.add_argument("plan", nargs="?", type=Path, default=HERE / "plan.toml")
    usage.add_argument("--build", type=Path, default=TREE / "build" / "release", help="with regatta and the runtimes")
    usage.add_argument("--out", type=Path, default=TREE / "results" / "gate-validation.jsonl")
    usage.add_argument("--limit", type=int, default=sys.maxsize, help="at most so many pieces of work now")
    usage.add_argument("--mixed", action="store_true", help="go on with another build or on another machine; the summary says so")
    options = usage.parse_args(arguments)
    try:
        plan = plans.read(options.plan)
        if not os.access(options.build / "regatta", os.X_OK):
            raise PlanError(f"--build {options.build}: there is no regatta in it")
        results = Results(options.out, plan)
        is_done = work(options.build.resolve(), plan, results, options.limit, options.mixed,
                       lambda text: print(text, file=sys.stderr, flush=True))
    except PlanError as error:
        print(f"validate.py: {error}", file=sys.stderr)
        return 2
    except (ProgramError, OSError) as error:
        print(f"validate.py: {error}; what was done is in {options.out}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"validate.py: stopped; the same command goes on where {options.out} ends", file=sys.stderr)
        return 130
    return 0 if is_done else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
