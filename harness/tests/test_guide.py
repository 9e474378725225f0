"""runtimes/template/README.md, followed with Perl: a runtime in a language that this tree has none of, and nothing else touched."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest
from harness_fixtures import TREE, regatta, trials_of

GUIDE = TREE / "runtimes" / "template" / "README.md"
PROGRAM_IN_PERL = TREE / "harness" / "tests" / "guide" / "server.pl"

needs_perl = pytest.mark.skipif(not pathlib.Path("/usr/bin/perl").exists() or subprocess.run(
    ["/usr/bin/perl", "-MIO::Select", "-MTime::HiRes", "-e", "1"], capture_output=True).returncode != 0,
    reason="install perl")


@pytest.fixture
def home(tmp_path):
    """The folder that the guide's first step makes, with the manifest that stands there."""
    folder = tmp_path / "my_runtime"
    folder.mkdir()
    manifest, *_ = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (folder / "runtime.toml").write_text(manifest)
    shutil.copy(PROGRAM_IN_PERL, folder / "server.pl")
    return folder


@needs_perl
def test_step_5_is_it_right(home):
    done = regatta("verify", "--runtime", home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "my_runtime: keeps the contract" in done.stdout
    assert "| echo/my_runtime/" in done.stdout and "| delay/my_runtime/" in done.stdout


@needs_perl
def test_step_6_race_it(home, tmp_path):
    out = tmp_path / "out.jsonl"
    done = regatta("run", "echo/(my_runtime|epoll)/size:64/connections:50/workers:1", "--runtimes", home, "--rounds", "1",
                   "--measure", "0.2", "--warmup", "0.05", "--out", out)
    trials = trials_of(out)
    assert {t["runtime"] for t in trials} == {"my_runtime", "epoll"}, done.stderr
    # A busy machine may make a trial invalid. Nothing else may: no reply is wrong or missing, and the counters agree.
    for trial in trials:
        assert trial["status"] != "failed", trial["reasons"]
        assert not any(trial["client"]["errors"].values())
        counters = trial["server"]["counters"]
        assert counters["requests"] == trial["client"]["replies"] > 0 and counters["errors"] == 0
        assert trial["server"]["exit_status"] == 0 and trial["metrics"]["throughput_per_s"] > 0
    assert "my_runtime" in done.stdout
    last = {t["runtime"]: t["status"] for t in trials}
    assert done.returncode == (0 if set(last.values()) == {"ok"} else 1)


# Prints lines of exactly the shape that they have in the guide: its fields and no others.
AS_IN_THE_GUIDE = """
EXAMPLES = {examples!r}


def shaped(example, actual):
    return {{name: shaped(value, actual[name]) if isinstance(value, dict) and name != "set" else actual[name]
            for name, value in example.items()}}


def say(**line):
    event = line.get("event")
    if event is None:
        print(EXAMPLES["describe"], flush=True)
        return
    print(json.dumps(shaped(json.loads(EXAMPLES[event]), line)), flush=True)
"""


def test_the_lines_that_stand_in_the_guide_are_enough(tmp_path):
    text = GUIDE.read_text()
    examples = {json.loads(line).get("event", "describe"): line
                for line in [*re.findall(r"```json\n(.*?)\n```", text), *re.findall(r'`(\{"event":"error".*?\})`', text)]}
    assert examples.keys() == {"describe", "ready", "done", "error"}
    home = tmp_path / "my_runtime"
    home.mkdir()
    program = (TREE / "runtimes/template/server.py").read_text().replace('"template"', '"my_runtime"')
    say = re.search(r"def say.*?\n\n", program, re.DOTALL)[0]
    (home / "server.py").write_text(program.replace(say, AS_IN_THE_GUIDE.format(examples=examples)))
    (home / "runtime.toml").write_text('name = "my_runtime"\ncommand = ["/usr/bin/python3", "server.py"]\n')
    done = regatta("verify", "--runtime", home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "my_runtime: keeps the contract" in done.stdout and "| echo/my_runtime/" in done.stdout


@needs_perl
def test_one_that_forgets_a_promise_is_told_which(home):
    program = home / "server.pl"
    program.write_text(program.read_text().replace("$stopping = 1 unless $got;", "$readers->remove($ready) unless $got;"))
    done = regatta("verify", "--runtime", home, "^echo/")
    assert done.returncode == 1
    (line,) = [each for each in done.stdout.splitlines() if "| FAIL" in each]
    assert "stops at the end of its standard input" in line and "no done line within" in line
