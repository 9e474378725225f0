"""runtimes/template/README.md, followed with Perl: a runtime in a language that this tree has none of, and nothing else touched."""
import pathlib
import re
import shutil
import subprocess

import pytest
from harness_fixtures import TREE, regatta, trials_of

GUIDE = TREE / "runtimes" / "template" / "README.md"
PROGRAM_IN_PERL = TREE / "harness" / "tests" / "guide" / "server.pl"

pytestmark = pytest.mark.skipif(not pathlib.Path("/usr/bin/perl").exists() or subprocess.run(
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


def test_step_5_is_it_right(home):
    done = regatta("verify", "--runtime", home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "my_runtime: keeps the contract" in done.stdout
    assert "| echo/my_runtime/" in done.stdout and "| delay/my_runtime/" in done.stdout


def test_step_6_race_it(home, tmp_path):
    out = tmp_path / "out.jsonl"
    done = regatta("run", "echo/(my_runtime|epoll)/size:64/connections:50/workers:1", "--runtimes", home, "--rounds", "1",
                   "--measure", "0.2", "--warmup", "0.05", "--out", out)
    trials = trials_of(out)
    assert {t["runtime"] for t in trials} == {"my_runtime", "epoll"}, done.stderr
    mine = [t for t in trials if t["runtime"] == "my_runtime"][-1]
    assert mine["metrics"]["throughput_per_s"] > 0 and "my_runtime" in done.stdout


def test_one_that_forgets_a_promise_is_told_which(home):
    program = home / "server.pl"
    program.write_text(program.read_text().replace("$stopping = 1 unless $got;", "$readers->remove($ready) unless $got;"))
    done = regatta("verify", "--runtime", home, "^echo/")
    assert done.returncode == 1
    (line,) = [each for each in done.stdout.splitlines() if "| FAIL" in each]
    assert "stops at the end of its standard input" in line and "no done line within" in line
