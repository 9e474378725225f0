#!/usr/bin/env python3
"""Proves the gate, or not: runs it on builds that are known not to differ, and on such that were slowed on purpose.

    validate.py [PLAN] [--build DIR] [--out FILE] [--limit N]

Does what the plan says and the results file lacks: measures how much each injection costs, then runs the gate again and
again; each is on disk before the next begins, so it may be stopped at any time and goes on where it was. A gate run that
fails (not: that judges wrongly) is on record too, and is made once more at the end. Exit status: 0 all is done, 1 not,
2 usage or a plan that does not fit."""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import time
from pathlib import Path

import plan as plans
from plan import Plan, PlanError
from programs import ProgramError, cpu_per_request, neighbour, run_gate
from results import Results

HERE = Path(__file__).resolve().parent
TREE = HERE.parent.parent


def measure_truth(build: Path, plan: Plan, inject: str, say) -> dict[str, dict]:
    """How many times the CPU time a request costs with `inject`, for each benchmark, from trials by turns."""
    ratios: dict[str, list[float]] = {}
    truth = plan.content["truth"]
    for round_ in range(truth["rounds"]):
        say(f"truth of {inject}: round {round_ + 1} of {truth['rounds']}")
        costs = {}
        # Turn about, so that a machine that drifts favours neither.
        for slowed in ("", inject) if round_ % 2 == 0 else (inject, ""):
            costs[slowed] = cpu_per_request(build, plan.benchmarks, slowed, truth["measure_s"],
                                            plan.content["seed"] + round_)
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


def work(build: Path, plan: Plan, results: Results, limit: int, say) -> bool:
    """Does what is left, at most `limit` pieces of it; gives whether all is done."""
    for inject in truths_to_do(results, plan)[:limit]:
        results.append("truth", {"inject": inject, "benchmarks": measure_truth(build, plan, inject, say)})
        limit -= 1
    left = runs_to_do(results, plan)
    for place, run in enumerate(left[:limit]):
        say(f"gate run {place + 1} of {len(left)} left: {run.inject or 'no change'}"
            f"{', with a neighbour' if run.has_neighbour else ''}")
        about = {"number": run.number, "inject": run.inject, "has_neighbour": run.has_neighbour, "seed": run.seed,
                 "began_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        try:
            with neighbour(run.has_neighbour):
                results.append("run", about | run_gate(build, plan, run))
        except ProgramError as error:
            results.append("failure", about | {"reason": str(error)})
            say(f"run {run.number}: {error}")
    return not truths_to_do(results, plan) and not runs_to_do(results, plan)


def main(arguments: list[str]) -> int:
    usage = argparse.ArgumentParser(prog="validate.py", description=__doc__,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
    usage.add_argument("plan", nargs="?", type=Path, default=HERE / "plan.toml")
    usage.add_argument("--build", type=Path, default=TREE / "build" / "release", help="with regatta and the runtimes")
    usage.add_argument("--out", type=Path, default=TREE / "results" / "gate-validation.jsonl")
    usage.add_argument("--limit", type=int, default=sys.maxsize, help="at most so many pieces of work now")
    options = usage.parse_args(arguments)
    try:
        plan = plans.read(options.plan)
        if not os.access(options.build / "regatta", os.X_OK):
            raise PlanError(f"--build {options.build}: there is no regatta in it")
        results = Results(options.out, plan)
        is_done = work(options.build.resolve(), plan, results, options.limit,
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
