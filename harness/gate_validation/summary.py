#!/usr/bin/env python3
"""What the results of a validation of the gate say, as Markdown: summary.py FILE"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import plan as plans
from exact import clopper_pearson, upper_bound
from plan import Plan, PlanError
from programs import CPU_METRIC
from results import read


def is_judged(run: dict) -> bool:
    """Whether it came to a verdict at all: not, where nothing could be compared, or nothing told of what was (which the gate
    by itself ends with 0)."""
    return is_alarm(run) or (run["exit_status"] == 0 and any(cell["verdict"] != "INCONCLUSIVE" for cell in run["cells"]))


def is_alarm(run: dict) -> bool:
    return run["exit_status"] == 1


def is_found(run: dict, truth: dict | None) -> bool:
    """Whether the slowdown itself was found: CPU time on the benchmark that the injection slows most."""
    found = truth and most_slowed(truth)
    return bool(found) and is_alarm(run) and any(
        cell["metric"] == CPU_METRIC and cell["verdict"] == "REGRESSED" and truth["benchmarks"].get(cell["benchmark"]) == found
        for cell in run["cells"])


def share(count: int, total: int) -> str:
    """"29 of 30 (83-100 %)": with the exact 95 % interval."""
    if total == 0:
        return "0 of 0"
    low, high = clopper_pearson(count, total)
    return f"{count} of {total} ({low * 100:.1f}-{high * 100:.1f} %)"


def most_slowed(truth: dict) -> dict | None:
    """The benchmark that an injection slows most, by the lower end of its interval."""
    known = [each for each in truth["benchmarks"].values() if each["low"] is not None]
    return max(known, key=lambda each: each["low"], default=None)


def slowdown_text(truth: dict | None) -> str:
    found = truth and most_slowed(truth)
    return f"{found['ratio']:.3f} ({found['low']:.3f}-{found['high']:.3f})" if found else "not measured"


def origin_lines(origins: list[dict]) -> list[str]:
    lines = []
    for each in origins:
        regatta, machine = each["regatta"], each["machine"]
        lines.append(f"regatta {(regatta['commit'] or 'of no commit')[:12]}{' with changes' if regatta.get('dirty') else ''}, "
                     f"{regatta['compiler']}, {regatta['build_type']}, on {machine['cpu_model']}, {machine['cpus_online']} CPUs, "
                     f"{machine['kernel']} (machine {machine['fingerprint']}).")
    if len(lines) > 1:
        lines.insert(0, f"Made with {len(lines)} builds or machines, one after the other:")
    return lines


def false_alarm_rows(runs: list[dict]) -> list[str]:
    rows = ["| runs without change | runs | nothing compared | judged | false alarms | at most (95 %) | some metric inconclusive | "
            "elapsed s, median and longest |", "| :-- | --: | --: | --: | --: | --: | --: | --: |"]
    for name, wanted in (("quiet", [False]), ("with a neighbour", [True]), ("all", [False, True])):
        own = [run for run in runs if not run["inject"] and run["has_neighbour"] in wanted]
        if own:
            judged = [run for run in own if is_judged(run)]
            alarms = sum(map(is_alarm, judged))
            unclear = sum(any(cell["verdict"] == "INCONCLUSIVE" for cell in run["cells"]) for run in judged)
            bound = f"{upper_bound(alarms, len(judged)) * 100:.1f} %" if judged else "-"
            rows.append(f"| {name} | {len(own)} | {len(own) - len(judged)} | {len(judged)} | {alarms} | {bound} | {unclear} | "
                        f"{elapsed(own)} |")
    return rows if len(rows) > 2 else []


def elapsed(runs: list[dict]) -> str:
    times = [run["elapsed_s"] for run in runs]
    return f"{statistics.median(times):.0f}, {max(times):.0f}"


def detection_rows(plan: Plan, runs: list[dict], truths: dict[str, dict]) -> list[str]:
    rows = ["| injected | CPU time of a request, times (95 %) | found | found with a neighbour | exit status 1 | elapsed s, median "
            "and longest |", "| :-- | --: | --: | --: | --: | --: |"]
    for inject in plan.injections:
        own = [run for run in runs if run["inject"] == inject]
        if own:
            truth = truths.get(inject)
            loud = [run for run in own if run["has_neighbour"]]
            rows.append(f"| `{inject}` | {slowdown_text(truth)} | {share(count_found(own, truth), len(own))} | "
                        f"{count_found(loud, truth)} of {len(loud)} | {sum(map(is_alarm, own))} | {elapsed(own)} |")
    return rows if len(rows) > 2 else []


def count_found(runs: list[dict], truth: dict | None) -> int:
    return sum(is_found(run, truth) for run in runs)


def cell_rows(runs: list[dict], truths: dict[str, dict]) -> list[str]:
    """Each benchmark's CPU verdicts, by how much it really was slowed."""
    bins = [(0, 1.03), (1.03, 1.05), (1.05, 1.07), (1.07, 1.10), (1.10, 1.15), (1.15, float("inf"))]
    found: dict[tuple[float, float], list[bool]] = {each: [] for each in bins}
    for run in runs:
        for cell in run["cells"]:
            truth = truths.get(run["inject"], {"benchmarks": {}})["benchmarks"].get(cell["benchmark"])
            if cell["metric"] == CPU_METRIC and truth:
                place = next(each for each in bins if each[0] <= truth["ratio"] < each[1])
                found[place].append(cell["verdict"] == "REGRESSED")
    rows = ["| CPU time of a request, times | verdicts on it | REGRESSED |", "| :-- | --: | --: |"]
    for (low, high), verdicts in found.items():
        if verdicts:
            name = f"under {high:.2f}" if low == 0 else f"{low:.2f} and more" if high == float("inf") else f"{low:.2f} to {high:.2f}"
            rows.append(f"| {name} | {len(verdicts)} | {share(sum(verdicts), len(verdicts))} |")
    return rows if len(rows) > 2 else []


def conclusions(plan: Plan, runs: list[dict], failures: list[dict], truths: dict[str, dict]) -> list[str]:
    wanted = plan.content["wanted"]
    unchanged = [run for run in runs if not run["inject"]]
    judged = [run for run in unchanged if is_judged(run)]
    alarms = sum(map(is_alarm, judged))
    slowed = [run for run in runs if run["inject"] in truths and (most := most_slowed(truths[run["inject"]]))
              and most["low"] >= wanted["slowdown_min"]]
    missed = sum(not is_found(run, truths[run["inject"]]) for run in slowed)
    percent = (wanted["slowdown_min"] - 1) * 100
    is_quiet = alarms <= wanted["false_alarms_max"] and len(judged) >= wanted["unchanged_runs_min"]
    is_sharp = missed <= wanted["missed_max"] and len(slowed) >= wanted["slowed_runs_min"]
    parts = []
    for name, is_loud in (("quiet", False), ("with a neighbour", True)):
        own = [run for run in slowed if run["has_neighbour"] == is_loud]
        parts.append(f"{name} {sum(is_found(run, truths[run['inject']]) for run in own)} of {len(own)}")
    lines = [f"- False alarms: {alarms} in {len(judged)} runs without change that were judged; wanted: at most "
             f"{wanted['false_alarms_max']} in {wanted['unchanged_runs_min']} or more. {'Met' if is_quiet else 'NOT met'}.",
             f"- Slowdowns of {percent:.0f} % and more, as measured: {len(slowed) - missed} of {len(slowed)} found ({', '.join(parts)}); "
             f"wanted: at most {wanted['missed_max']} missed of {wanted['slowed_runs_min']} or more. "
             f"{'Met' if is_sharp else 'NOT met'}."]
    if len(judged) < len(unchanged):
        lines.append(f"- {len(unchanged) - len(judged)} runs without change could compare nothing: they are no runs without alarm.")
    all_runs = plan.runs()
    failed = {failure["number"] for failure in failures} - {run["number"] for run in runs}
    if len(runs) < len(all_runs):
        lines.append(f"- NOT complete: {len(runs)} of the plan's {len(all_runs)} runs are on record.")
    if failed:
        lines.append(f"- {len(failed)} runs of the gate ended without a verdict; the last reason: {failures[-1]['reason']}")
    return lines


def render(records: list[dict]) -> str:
    if not records:
        raise PlanError("there is nothing in it")
    plan = plans.parse(records[0]["text"])
    runs = [record for record in records if record["kind"] == "run"]
    failures = [record for record in records if record["kind"] == "failure"]
    truths = {record["inject"]: record for record in records if record["kind"] == "truth"}
    origins = [record for record in records if record["kind"] == "origin"]
    tables = [origin_lines(origins), false_alarm_rows(runs), detection_rows(plan, runs, truths), cell_rows(runs, truths),
              conclusions(plan, runs, failures, truths)]
    return "\n\n".join("\n".join(table) for table in tables if table) + "\n"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: summary.py FILE, the results that validate.py wrote", file=sys.stderr)
        return 2
    try:
        print(render(read(Path(arguments[0]))), end="")
    except PlanError as error:
        print(f"summary.py: {arguments[0]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
