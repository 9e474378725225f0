"""`regatta gate` on fake runtimes: what is compared, recorded and told, and how it ends. Verdicts are asked only of figures
that do not depend on the machine's load: memory, and what is not measured at all."""
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
import tomllib

import pytest
from harness_fixtures import BUILD, FAKE, LONG_ENOUGH_S, PROGRAM, TREE, add_runtime, one_line, processes_with, read_records, regatta

SHORT = ["--measure", "0.05", "--warmup", "0.01", "--connections", "2", "--seed", "7"]
ECHO = "echo/boat/size:77"
EPOLL = BUILD / "runtimes" / "epoll"
THREAD = BUILD / "runtimes" / "thread"

# A fake runtime that holds so many MiB more than its own.
HEAVY = """import runpy, sys
ballast = b"x" * ({mib} << 20)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def heavy_runtime(folder, name, mib):
    home = folder / name
    home.mkdir(parents=True)
    script = HEAVY.format(mib=mib)
    words = ["/usr/bin/python3", "-c",
             f"import sys; sys.argv = sys.argv[1:]; exec({script!r})", str(FAKE), name, "good", str(home)]
    home.joinpath("runtime.toml").write_text(f"name = {json.dumps(name)}\ncommand = {json.dumps(words)}\n")
    return folder


def builds(tmp_path, base="good", head="good"):
    for side, behaviour in (("base", base), ("head", head)):
        add_runtime(tmp_path / side, "boat", behaviour)
    return tmp_path / "base", tmp_path / "head"


def gate(tmp_path, *words, base=None, head=None, **options):
    return regatta("gate", *words, "--base", base or tmp_path / "base", "--head", head or tmp_path / "head",
                   "--out", tmp_path / "out.jsonl", "--force", *SHORT, **options)


def verdicts(file, kind="gate"):
    return [r for r in read_records(file) if r["record"] == "verdict" and r["kind"] == kind]


def test_equal_builds_pass_and_every_trial_is_on_record(tmp_path):
    builds(tmp_path)
    done = gate(tmp_path, ECHO, "--metrics", "memory")
    records = read_records(tmp_path / "out.jsonl")
    [cell] = verdicts(tmp_path / "out.jsonl")
    [summary] = verdicts(tmp_path / "out.jsonl", "gate_summary")
    assert (done.returncode, summary["exit_status"], cell["verdict"]) == (0, 0, "OK"), done.stdout + done.stderr
    trials = [r for r in records if r["record"] == "trial"]
    assert len(trials) == 2 * cell["pairs_run"]
    rounds = {}
    for trial in trials:
        rounds.setdefault(trial["round"], []).append(trial)
    for pair in rounds.values():
        assert sorted(t["side"] for t in pair) == ["base", "head"]
        assert pair[0]["placement"]["server_cpus"] == pair[1]["placement"]["server_cpus"]
    firsts = {pair[0]["side"] for pair in rounds.values()}
    assert firsts == {"base", "head"}, "the order is random"
    kinds = [r["record"] for r in records]
    assert kinds[0] == "run" and kinds[-1] == "end" and kinds[-3:-1] == ["verdict", "verdict"]
    run = records[0]
    assert run["gate"]["metrics"] == [{"metric": "rss_bytes_peak", "tolerance": 0.03}]
    assert [r["side"] for r in run["runtimes"]] == ["base", "head"]


def test_a_heavier_head_is_a_regression(tmp_path):
    heavy_runtime(tmp_path / "base", "boat", 1)
    heavy_runtime(tmp_path / "head", "boat", 9)
    done = gate(tmp_path, ECHO, "--metrics", "memory")
    [cell] = verdicts(tmp_path / "out.jsonl")
    assert done.returncode == 1 and cell["verdict"] == "REGRESSED", done.stdout + done.stderr
    assert cell["pairs"] == 20 and cell["worsening_low"] > 1.03
    assert "REGRESSED: 1 regression in 1 comparison" in done.stdout
    assert done.stdout.splitlines()[2].startswith("| REGRESSED")
    # Another tolerance, another verdict on the same programs.
    assert gate(tmp_path, ECHO, "--metrics", "memory", "--tolerance", "memory=900%").returncode == 0


def test_a_lighter_head_is_an_improvement(tmp_path):
    heavy_runtime(tmp_path / "base", "boat", 9)
    heavy_runtime(tmp_path / "head", "boat", 1)
    done = gate(tmp_path, ECHO, "--metrics", "memory")
    [cell] = verdicts(tmp_path / "out.jsonl")
    assert (done.returncode, cell["verdict"], cell["pairs"]) == (0, "IMPROVED", 20)


@pytest.mark.skipif(not EPOLL.exists(), reason="the runtime epoll is not built")
def test_the_same_program_is_not_measured_unless_asked(tmp_path):
    for side in ("base", "head"):
        shutil.copytree(EPOLL, tmp_path / side / "epoll", ignore=shutil.ignore_patterns("CMakeFiles", "conformance*"))
    done = gate(tmp_path, "^echo/epoll/size:64/connections:2/workers:1$")
    [summary] = verdicts(tmp_path / "out.jsonl", "gate_summary")
    assert done.returncode == 0 and summary["counts"] == {"IDENTICAL": 5}, done.stdout + done.stderr
    assert not [r for r in read_records(tmp_path / "out.jsonl") if r["record"] == "trial"]
    done = gate(tmp_path, "^echo/epoll/size:64/connections:2/workers:1$", "--metrics", "memory", "--measure-identical")
    assert verdicts(tmp_path / "out.jsonl")[0]["pairs_run"] >= 6


def test_a_build_is_not_compared_with_itself_by_mistake(tmp_path):
    base, _ = builds(tmp_path)
    done = gate(tmp_path, ECHO, head=base)
    assert done.returncode == 2 and "--base and --head are the same folder" in one_line(done.stderr)


@pytest.mark.skipif(not EPOLL.exists(), reason="the runtime epoll is not built")
def test_the_selftest_finds_fifteen_per_cent_and_nothing_in_nothing(tmp_path):
    # The verdicts are right with a probability, and what else runs here may take it: three in a row are no chance.
    for attempt in range(3):
        done = regatta("gate", "--selftest", "--out", tmp_path / f"out{attempt}.jsonl", "--quiet")
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("judged right") == 2
    [same] = verdicts(tmp_path / f"out{attempt}-same.jsonl")
    [slowed] = verdicts(tmp_path / f"out{attempt}-slowed.jsonl")
    assert (same["verdict"], slowed["verdict"]) == ("OK", "REGRESSED") and slowed["worsening"] > 1.05


CMAKE_LISTS = """cmake_minimum_required(VERSION 3.22)
project(boats NONE)
file(WRITE ${{CMAKE_BINARY_DIR}}/runtimes/boat/runtime.toml [==[{manifest}]==])
add_custom_target(runtime_boat COMMAND ${{CMAKE_COMMAND}} -E {command})
"""


def git(folder, *words):
    done = subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *words],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip()


def repository(tmp_path, command):
    """A source tree whose build has a fake runtime, and a build of it."""
    source = tmp_path / "source"
    builds(tmp_path)
    manifest = (tmp_path / "base" / "boat" / "runtime.toml").read_text()
    source.mkdir()
    source.joinpath("CMakeLists.txt").write_text(CMAKE_LISTS.format(manifest=manifest, command=command))
    git(tmp_path, "init", "-q", str(source))
    git(source, "add", ".")
    git(source, "commit", "-qm", "the base")
    build = tmp_path / "build"
    subprocess.run(["cmake", "-S", str(source), "-B", str(build)], capture_output=True, check=True)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return source, build, {**os.environ, "TMPDIR": str(scratch)}


def base_ref(tmp_path, build, environment, reference="HEAD"):
    return regatta("gate", ECHO, "--base-ref", reference, "--head", build, "--metrics", "memory",
                   "--out", tmp_path / "out.jsonl", *SHORT, env=environment)


def test_a_reference_is_built_compared_and_removed(tmp_path):
    source, build, environment = repository(tmp_path, "true")
    done = base_ref(tmp_path, build, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    run = read_records(tmp_path / "out.jsonl")[0]
    assert run["gate"]["base"] == {"folder": run["gate"]["base"]["folder"], "reference": "HEAD",
                                   "commit": git(source, "rev-parse", "HEAD")}
    assert verdicts(tmp_path / "out.jsonl")[0]["verdict"] == "OK"
    assert not list((tmp_path / "scratch").iterdir())
    assert git(source, "worktree", "list").count("\n") == 0


def test_a_base_that_cannot_be_built_is_trouble_of_the_gate(tmp_path):
    source, build, environment = repository(tmp_path, "false")
    done = base_ref(tmp_path, build, environment)
    assert done.returncode == 5 and "cannot build the base: " in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "scratch").iterdir())
    assert git(source, "worktree", "list").count("\n") == 0
    done = base_ref(tmp_path, build, environment, "no-such-branch")
    assert done.returncode == 2 and "git knows no such commit" in done.stderr.splitlines()[-1]


def test_a_head_that_crashes_fails_and_both_that_crash_compare_nothing(tmp_path):
    builds(tmp_path, head="crash")
    done = gate(tmp_path, ECHO)
    [summary] = verdicts(tmp_path / "out.jsonl", "gate_summary")
    assert (done.returncode, summary["verdict"]) == (1, "FAILED")
    assert summary["errors"][0]["is_head_alone"] and "this is where it hurts" in done.stdout
    builds(tmp_path / "both", base="crash", head="crash")
    done = gate(tmp_path / "both", ECHO)
    [summary] = verdicts(tmp_path / "both" / "out.jsonl", "gate_summary")
    assert (done.returncode, summary["verdict"]) == (4, "NOTHING")
    assert "it fails: " in done.stdout


def test_what_one_build_lacks_is_reported(tmp_path):
    builds(tmp_path)
    add_runtime(tmp_path / "head", "ship", "good")
    done = gate(tmp_path, "echo/(boat|ship)/size:77", "--metrics", "memory")
    assert done.returncode == 0
    [summary] = verdicts(tmp_path / "out.jsonl", "gate_summary")
    assert (summary["only_base"], len(summary["only_head"])) == ([], 1)
    assert "echo/ship/size:77/connections:2/workers:1: only on the head; not compared" in done.stdout
    shutil.rmtree(tmp_path / "head" / "boat")
    done = gate(tmp_path, ECHO)
    assert done.returncode == 4 and "no benchmark runs on both builds" in done.stdout


# A fake runtime of which each other server holds 40 MiB more, and that serves so often only.
FITFUL = """import pathlib, runpy, sys
count = pathlib.Path(sys.argv[3], "starts")
if sys.argv[4] == "serve":
    starts = len(count.read_text()) if count.exists() else 0
    count.write_text("x" * (starts + 1))
    if starts >= {serves}:
        sys.exit(1)
    ballast = b"x" * (starts % 2 * 40 << 20)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def fitful_runtime(folder, name, serves):
    home = folder / name
    home.mkdir(parents=True)
    words = ["/usr/bin/python3", "-c", f"import sys; sys.argv = sys.argv[1:]; exec({FITFUL.format(serves=serves)!r})", str(FAKE),
             name, "good", str(home)]
    home.joinpath("runtime.toml").write_text(f"name = {json.dumps(name)}\ncommand = {json.dumps(words)}\n")


def test_inconclusive_passes_unless_told_otherwise(tmp_path):
    # Six pairs cannot tell, as memory jumps about; and then the base is broken, so that there are no more.
    fitful_runtime(tmp_path / "base", "boat", 6)
    add_runtime(tmp_path / "head", "boat", "good")
    done = gate(tmp_path, ECHO, "--metrics", "memory", "--on-inconclusive", "fail")
    [cell] = verdicts(tmp_path / "out.jsonl")
    [summary] = verdicts(tmp_path / "out.jsonl", "gate_summary")
    assert (cell["verdict"], cell["pairs"]) == ("INCONCLUSIVE", 6), done.stdout + done.stderr
    assert (done.returncode, summary["exit_status"], summary["verdict"]) == (3, 3, "INCONCLUSIVE")
    assert regatta("gate", "--from", tmp_path / "out.jsonl").returncode == 3
    (tmp_path / "base" / "boat" / "starts").unlink()
    done = gate(tmp_path, ECHO, "--metrics", "memory")
    assert done.returncode == 0 and "INCONCLUSIVE: No regression in 1 comparison" in done.stdout


def test_a_budget_that_ends_before_the_first_look_compares_nothing(tmp_path):
    builds(tmp_path)
    words = [ECHO, "--metrics", "memory", "--budget", "1"]
    # Nothing begins after a second, and six pairs of trials of a second each take longer.
    slow = ["--measure", "1", "--warmup", "0.2"]
    done = regatta("gate", *words, "--base", tmp_path / "base", "--head", tmp_path / "head",
                   "--out", tmp_path / "out.jsonl", "--connections", "2", *slow)
    [summary] = verdicts(tmp_path / "out.jsonl", "gate_summary")
    assert (done.returncode, summary["verdict"], summary["is_budget_used_up"]) == (4, "NOTHING", True)
    assert "The budget of 1 s was used up" in done.stdout


@pytest.mark.skipif(not THREAD.exists(), reason="the runtime thread is not built")
def test_what_a_job_cannot_have_does_not_keep_the_gate_from_passing(tmp_path):
    """A job of the suite gate has too few iterations for a p99."""
    # Beside other tests nothing was compared once, for a reason not known: the assertion below prints what was said.
    for attempt in range(3):
        out = tmp_path / f"out{attempt}.jsonl"
        done = regatta("gate", "^spawn_join/thread/tasks:1000/", "--base", BUILD, "--head", BUILD, "--measure-identical",
                       "--metrics", "memory,p99", "--tolerance", "memory=900", "--measure", "0.02", "--warmup", "0.01",
                       "--on-inconclusive", "fail", "--out", out, "--quiet")
        if verdicts(out):
            break
    assert verdicts(out), done.stdout + done.stderr
    [cell] = verdicts(out)
    [summary] = verdicts(out, "gate_summary")
    assert (done.returncode, summary["verdict"], cell["metric"]) == (0, "OK", "rss_bytes_peak"), done.stdout + done.stderr
    assert summary["not_measured"] == [{"benchmark": cell["benchmark"], "metric": "latency_ns_p99"}]
    assert "no p99 in its trials; not compared" in done.stdout


@pytest.mark.parametrize("words, complaint", [
    (["--base", "none"], "no such folder; give a build"),
    (["--base", "."], "there is no runtime.toml in a folder of it"),
    ([], "give one of --base BUILD, --base-ref REF, --from FILE and --selftest"),
    (["--base", "base", "--metrics", "speed"], "there is no metric 'speed'; there are: cpu, p50, rate, p99, memory"),
    (["--base", "base", "--tolerance", "p99=0"], "--tolerance takes per cent"),
    (["--base", "base", "--metrics", "cpu", "--tolerance", "p99=3"], "it is not among --metrics"),
    (["--base", "base", "--report", "xml"], "choose from"),
    (["--base", "base", "nothing/like/that"], "no benchmark matches"),
    (["--base", "base", "--inject", "cpu:10%", ECHO], "its program takes no --inject"),
])
def test_what_is_refused(tmp_path, words, complaint):
    builds(tmp_path)
    tmp_path.joinpath("empty").mkdir()
    words = [str(tmp_path / "empty") if w == "." else str(tmp_path / "base") if w == "base" else w for w in words]
    done = regatta("gate", *words, "--head", tmp_path / "head", "--out", tmp_path / "out.jsonl", "--quiet")
    assert done.returncode == 2 and complaint in one_line(done.stderr), done.stderr


def test_trouble_of_the_gate_itself_is_status_5(tmp_path):
    builds(tmp_path)
    out = tmp_path / "out.jsonl"
    out.write_text("")
    done = regatta("gate", ECHO, "--base", tmp_path / "base", "--head", tmp_path / "head", "--out", out, "--quiet")
    assert done.returncode == 5 and "--force" in one_line(done.stderr)
    assert regatta("gate", "--from", out).returncode == 5


def test_ctrl_c_keeps_the_verdicts_so_far_and_leaves_no_process(tmp_path):
    builds(tmp_path)
    out = tmp_path / "out.jsonl"
    running = subprocess.Popen(
        [str(PROGRAM), "gate", ECHO, "--base", str(tmp_path / "base"), "--head", str(tmp_path / "head"), "--out", str(out),
         "--connections", "2", "--measure", "0.2", "--metrics", "p99"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + LONG_ENOUGH_S
    while not (out.exists() and out.read_text().count('"record":"trial"') >= 2):
        assert time.monotonic() < deadline and running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=LONG_ENOUGH_S)
    assert running.returncode == 130 and "Interrupted: the verdicts are of the pairs until then." in output
    assert read_records(out)[-1]["interrupted"] is True
    [summary] = verdicts(out, "gate_summary")
    assert summary["interrupted"] is True
    assert not processes_with(str(tmp_path))


def spying_runtime(folder, name, log):
    """A fake runtime that notes the size of each server's environment."""
    spy = f"""import os, runpy, sys
if sys.argv[4] == "serve":
    open({str(log)!r}, "a").write(str(len(os.environ["REGATTA_GATE_PADDING"])) + chr(10))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
    home = folder / name
    home.mkdir(parents=True)
    words = ["/usr/bin/python3", "-c", f"import sys; sys.argv = sys.argv[1:]; exec({spy!r})", str(FAKE), name, "good", str(home)]
    home.joinpath("runtime.toml").write_text(f"name = {json.dumps(name)}\ncommand = {json.dumps(words)}\n")


def test_the_environment_of_each_trial_has_a_size_of_its_own(tmp_path):
    for side in ("base", "head"):
        spying_runtime(tmp_path / side, "boat", tmp_path / "sizes")
    gate(tmp_path, ECHO, "--metrics", "memory")
    sizes = [int(line) for line in (tmp_path / "sizes").read_text().split()]
    trials = [r for r in read_records(tmp_path / "out.jsonl") if r["record"] == "trial"]
    assert len(sizes) == len(trials) and max(sizes) < 4096 and len(set(sizes)) > len(sizes) // 2


def test_progress_on_a_terminal_tells_pairs_verdicts_and_the_time_left(tmp_path):
    builds(tmp_path)
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [str(PROGRAM), "gate", ECHO, "--base", str(tmp_path / "base"), "--head", str(tmp_path / "head"), "--metrics", "memory",
         "--out", str(tmp_path / "out.jsonl"), *SHORT],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # the other end was closed
        while chunk := os.read(ours, 65536):
            seen += chunk
    os.close(ours)
    assert running.wait(timeout=LONG_ENOUGH_S) == 0
    text = seen.decode()
    assert re.search(r"\[3/6\] \d+:\d\d left  echo/boat/size:77/connections:2/workers:1: 2 pairs; memory \.\.\.", text), text
    assert re.search(r"workers:1: \d+ pairs; memory OK", text), text


def test_the_seed_decides_the_order(tmp_path):
    builds(tmp_path)
    orders = []
    for _ in range(2):
        gate(tmp_path, ECHO, "--metrics", "memory")
        orders.append([r["side"] for r in read_records(tmp_path / "out.jsonl") if r["record"] == "trial"][:12])
    assert orders[0] == orders[1]


def test_the_suite_of_the_gate_is_about_twenty_cells_within_its_budget():
    done = regatta("run", "gate", "--dry-run")
    names = done.stdout.split()
    assert done.returncode == 0, done.stderr
    jobs = [name for name in names if name.startswith("spawn_join/")]
    assert jobs and 20 <= 5 * len(names) - len(jobs) <= 25  # five metrics, but a job has no p99
    suite = tomllib.loads((TREE / "workloads" / "suites" / "gate.toml").read_text())
    assert len(names) == sum(len(each["runtimes"]) for each in suite["benchmark"])
    # A slowdown takes 20 pairs; a tenth of a second is more than a trial needs beside its warm-up and its window.
    budget_s = int(re.search(r"no pair begins later than this, in seconds\s+\(default (\d+)\)", regatta("gate", "-h").stdout)[1])
    assert budget_s == 300
    assert len(names) * 20 * 2 * (suite["warmup_s"] + suite["measure_s"] + 0.1) < budget_s / 2
