"""The cost of growth: a runtime and a workload, made from the tree's own templates by the steps of the READMEs, work without
a change to any existing file."""
import os
import re
import shutil
import subprocess

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, TREE

LEFT_OUT = shutil.ignore_patterns("build", ".git", "raw", "__pycache__")


def contents(tree):
    return {path.relative_to(tree): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def add_runtime(tree, name):
    """runtimes/README.md, "Adding a C++ runtime", steps 1 and 2."""
    folder = tree / "runtimes" / name
    shutil.copytree(tree / "runtimes" / "null", folder)
    (folder / "null.hpp").rename(folder / f"{name}.hpp")
    (folder / "null.cpp").rename(folder / f"{name}.cpp")
    for file in folder.iterdir():
        text = file.read_text()
        for old, new in (("null_runtime", f"{name}_runtime"), ("null.hpp", f"{name}.hpp"),
                         ("runtimes/null", f"runtimes/{name}"), ('"null"', f'"{name}"'), ("(null ", f"({name} ")):
            text = text.replace(old, new)
        file.write_text(text)


def add_workload(tree, name):
    """workloads/README.md, "Adding a workload", step 1."""
    text = (tree / "workloads" / "delay.hpp").read_text()
    (tree / "workloads" / f"{name}.hpp").write_text(re.sub(r"\bdelay\b", name, text))


def command(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A copy of the tree with the runtime `mine` and the workload `nap`, built as far as it is needed."""
    tree = tmp_path_factory.mktemp("grown") / "tree"
    shutil.copytree(TREE, tree, ignore=LEFT_OUT)
    before = contents(tree)
    add_runtime(tree, "mine")
    add_workload(tree, "nap")
    after = contents(tree)
    assert {path: after[path] for path in before} == before
    # Most objects come from the compiler's cache: the rest of the tree is what was built already.
    cache = {**os.environ, "CCACHE_BASEDIR": str(tree), "CCACHE_NOHASHDIR": "true"}
    build = tree / "build" / BUILD.name
    command("cmake", "-S", tree, "--preset", BUILD.name, "-DREGATTA_TESTS=OFF", env=cache)
    command("ninja", "-C", build, "-j", "2", "runtime_mine", "runtime_thread", "regatta", "regatta-load", env=cache)
    return build


def verify(build, pattern):
    return command(build / "regatta", "verify", pattern, timeout=LONG_ENOUGH_S)


def test_the_new_runtime_answers_rightly(grown):
    # Its template does not wait, so of the workloads with a wait the harness would say that it answers too early.
    table = verify(grown, "^(echo|cpu_request|hash)/mine/")
    for workload in ("echo", "cpu_request", "hash"):
        assert re.search(rf"{workload} +\| OK", table), table


def test_the_new_workload_is_served_and_spoken(grown):
    assert re.search(r"nap +\| OK", verify(grown, "^nap/thread/"))
