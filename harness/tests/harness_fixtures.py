"""What the tests of the program `regatta` share: its path, fake runtimes, records."""
import contextlib
import functools
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import time
import tomllib

import jsonschema
import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("REGATTA_BUILD", TREE / "build" / "release")).resolve()
PROGRAM = BUILD / "regatta"
FAKE = TREE / "harness" / "tests" / "fake_runtime" / "program.py"
# Those in C++ that the build has made.
RUNTIMES = sorted(path.name for path in (BUILD / "runtimes").iterdir()
                  if (path / "runtime.toml").is_file() and (path / path.name).is_file())
# Those in other languages, each a folder.
FOREIGN = sorted(file.parent for file in TREE.glob("runtimes/*/runtime.toml"))
SCHEMA = json.loads((TREE / "results" / "schema" / "record.schema.json").read_text())

# Bounds a hanging test; nothing depends on its length. The longest single command takes 100 s on two idle CPUs.
LONG_ENOUGH_S = 900

# Short trials with few connections: these tests look at behaviour, never at figures.
SHORT = ["--rounds", "1", "--measure", "0.2", "--warmup", "0.02", "--connections", "4"]


def regatta(*words, program=PROGRAM, **options):
    return subprocess.run([str(program), *map(str, words)], capture_output=True, text=True,
                          timeout=LONG_ENOUGH_S, stdin=subprocess.DEVNULL, **options)


@functools.cache
def listed():
    return json.loads(regatta("list", "--json").stdout)["runtimes"]


def manifest_of(folder):
    return tomllib.loads((folder / "runtime.toml").read_text())


def obstacle(folder):
    """Why this runtime in another language cannot run here, in the words of `list`, or None."""
    return {each["name"]: each["reason"] for each in listed()}[folder.name]


def skip_where_absent(folder):
    if reason := obstacle(folder):
        pytest.skip(reason)


def command_of(folder):
    """How to start a runtime in another language, in its folder."""
    if not manifest_of(folder).get("build"):
        return manifest_of(folder)["command"]
    regatta("verify", f"^echo/{folder.name}/")  # builds it
    return [str(BUILD / "runtimes" / folder.name / folder.name)]


@functools.cache
def workloads_of(folder):
    done = subprocess.run([*command_of(folder), "describe"], cwd=folder, capture_output=True, timeout=LONG_ENOUGH_S)
    return json.loads(done.stdout)["workloads"]


def start_server(name, workload, *words):
    """A server of the runtime `name`, in whichever language, with its `port`; skips the test where it cannot run or does not
    offer the workload."""
    folder = TREE / "runtimes" / name
    if folder in FOREIGN:
        skip_where_absent(folder)
        if not workloads_of(folder).get(workload, {}).get("supported"):
            pytest.skip(f"{name} does not serve {workload}")
        command, home = command_of(folder), folder
    else:
        command, home = [BUILD / "runtimes" / name / name], None
    process = subprocess.Popen([*command, "serve", "--workload", workload, *words], cwd=home, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ready = json.loads(process.stdout.readline())
    if ready["event"] == "error":
        process.communicate(timeout=LONG_ENOUGH_S)
        pytest.skip(f"{name}: {ready['reason']}")
    process.port, process.workload = ready["port"], workload
    return process


def add_runtime(folder, name, behaviour, manifest=None):
    """Writes the manifest of a fake runtime called `name` into folder/name."""
    home = folder / name
    home.mkdir(parents=True)
    home.joinpath("runtime.toml").write_text(manifest or (
        f'name = "{name}"\n'
        f'command = ["/usr/bin/python3", "{FAKE}", "{name}", "{behaviour}", "{home}"]\n'))
    return folder


def read_records(file):
    """The records of a results file, each checked against the schema."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    records = []
    for line in file.read_text().splitlines():
        record = json.loads(line)
        validator.validate(record)
        records.append(record)
    return records


def trials_of(file, runtime=None):
    return [r for r in read_records(file)
            if r["record"] == "trial" and runtime in (None, r["runtime"])]


def one_line(text):
    """`text` is exactly one line; gives it."""
    assert text.endswith("\n") and text.count("\n") == 1, text
    return text.strip()


def read_terminal(ours):
    """All that was written to the other end, which nobody has open any more, and closes it: one read may give a part."""
    shown = b""
    with contextlib.suppress(OSError):  # the end
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    return shown.decode()


def wait_until(condition):
    """Gives what `condition` gives as soon as that is true."""
    deadline = time.monotonic() + LONG_ENOUGH_S
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


# Inherited by all that these tests start; tests run in several processes at once.
MARK = f"REGATTA_TESTS_OF={os.getpid()}"
os.environ.update([MARK.split("=")])


def processes_with(word):
    """The command lines of running processes that contain `word`, of those that these tests started."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                state = entry.joinpath("stat").read_text().rpartition(")")[2].split()[0]
                environment = entry.joinpath("environ").read_bytes().split(b"\0")
                command = entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            if word in command and state != "Z" and MARK.encode() in environment:
                found.append(command)
    return found


# What Google Benchmark's compare.py takes from scipy.
SCIPY = """
import collections, numpy
def gmean(values): return numpy.exp(numpy.mean(numpy.log(values), axis=0))
def mannwhitneyu(a, b, alternative): return collections.namedtuple("Result", "statistic pvalue")(0.0, 0.5)
"""


def compared_by_google_benchmark(base, head):
    """What its compare.py prints of two files. Debian's libbenchmark-tools has it, without it the test is skipped. Its scipy
    conflicts with this project's Boost, so where that is missing a stand-in without statistics is put in its place:
    whether the files are read is what is asked here."""
    program = pathlib.Path(os.environ.get("REGATTA_COMPARE_PY", "/usr/share/benchmark/compare.py"))
    if not program.exists():
        pytest.skip(f"{program} is missing: libbenchmark-tools is not installed")
    if importlib.util.find_spec("scipy") is None:
        stand_in = base.parent / "scipy"
        stand_in.mkdir(exist_ok=True)
        (stand_in / "__init__.py").write_text("")
        (stand_in / "stats.py").write_text(SCIPY)
    done = subprocess.run([sys.executable, program, "--no-color", "benchmarks", base, head], capture_output=True,
                          text=True, timeout=LONG_ENOUGH_S, env={**os.environ, "PYTHONPATH": str(base.parent)})
    assert done.returncode == 0, done.stderr
    return done.stdout
