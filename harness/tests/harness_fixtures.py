"""What the tests of the program `regatta` share: its path, fake runtimes, records."""
import json
import os
import pathlib
import subprocess

import jsonschema

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("REGATTA_BUILD", TREE / "build" / "release")).resolve()
PROGRAM = BUILD / "regatta"
FAKE = TREE / "harness" / "tests" / "fake_runtime" / "program.py"
SCHEMA = json.loads((TREE / "results" / "schema" / "record.schema.json").read_text())

# Bounds a hanging test; nothing depends on its length.
LONG_ENOUGH_S = 240

# Short trials with few connections: these tests look at behaviour, never at figures.
SHORT = ["--rounds", "1", "--measure", "0.2", "--warmup", "0.02", "--connections", "4"]


def regatta(*words, program=PROGRAM, **options):
    return subprocess.run([str(program), *map(str, words)], capture_output=True, text=True,
                          timeout=LONG_ENOUGH_S, stdin=subprocess.DEVNULL, **options)


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


def processes_with(word):
    """The command lines of running processes that contain `word`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                state = entry.joinpath("stat").read_text().rpartition(")")[2].split()[0]
                command = entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            if word in command and state != "Z":
                found.append(command)
    return found
