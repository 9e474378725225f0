"""run.sh, test.sh and .ci/run: what they install, forward, print and return. Real tools are replaced by small scripts."""
import os
import shutil
import subprocess

import pytest
from harness_fixtures import TREE, one_line

SCRIPTS = [TREE / "run.sh", TREE / "test.sh", TREE / ".ci" / "run", *sorted((TREE / "scripts").glob("*.sh"))]


def write_tool(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


@pytest.fixture
def tree(tmp_path):
    """A tree with the scripts alone, and tools in its folder `tools` that do as if."""
    home = tmp_path / "a tree"
    (home / ".ci").mkdir(parents=True)
    shutil.copytree(TREE / "scripts", home / "scripts")
    for name in ("run.sh", "test.sh", ".ci/run"):
        shutil.copy(TREE / name, home / name)
    (home / "CMakePresets.json").write_text("{}")
    write_tool(home / "tools/dpkg-query", r"""shift 3; for name; do echo "installed $name"; done""")
    write_tool(home / "tools/cmake", 'for last; do :; done; echo "cmake $last"; mkdir -p build/$last; : >build/$last/build.ninja')
    write_tool(home / "tools/ninja", 'echo noise of the build')
    write_tool(home / "build/release/regatta", 'printf "%s|" "$@"; echo; echo "in $PWD" >&2; exit ${STATUS:-0}')
    return home


def run(tree, script, *words, cwd=None, **environment):
    return subprocess.run([tree / script, *words], cwd=cwd or tree, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, "CI": "", "PATH": f"{tree}/tools:{os.environ['PATH']}", **environment})


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_scripts_are_clean():
    done = subprocess.run(["shellcheck", "-x", *SCRIPTS], capture_output=True, text=True, cwd=TREE)
    assert done.returncode == 0, done.stdout


def clang_format():
    """The program of the version whose taste this tree follows, or None."""
    for name in ("clang-format-14", "clang-format"):
        program = shutil.which(name)
        if program and "version 14." in subprocess.run([program, "--version"], capture_output=True, text=True).stdout:
            return program
    return None


@pytest.mark.skipif(clang_format() is None, reason="clang-format 14 is not installed")
def test_sources_in_cpp_are_formatted():
    files = [file for folder in ("harness", "runtimes", "workloads") for file in (TREE / folder).rglob("*.[ch]pp")]
    assert len(files) > 300
    done = subprocess.run([clang_format(), "--dry-run", "--Werror", *files], capture_output=True, text=True, cwd=TREE)
    unformatted = sorted({line.split(":")[0] for line in done.stderr.splitlines() if ": error: " in line})
    assert done.returncode == 0, f"clang-format -i {' '.join(unformatted)}"


@pytest.mark.parametrize("name", ["packages.txt", "packages_foreign.txt", "packages_tests.txt"])
def test_packages_have_a_reason_each(name):
    for line in (TREE / "scripts" / name).read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition("#")
            assert " " not in name.strip() and len(reason.strip()) > 5, line


# run.sh

def test_arguments_status_and_folder_reach_the_program(tree, tmp_path):
    done = run(tree, "run.sh", "run", "echo/.*", "two words", "--out", "x", cwd=tmp_path, STATUS="7")
    assert done.stdout == "run|echo/.*|two words|--out|x|\n"
    assert done.returncode == 7
    assert f"in {tmp_path}\n" in done.stderr
    assert "noise of the build" in done.stderr


def test_without_arguments_the_smoke_suite_runs_and_is_reported(tree, tmp_path):
    write_tool(tree / "build/release/regatta", 'echo "$@"; [ "$1" != run ] || echo record >"$4"')
    done = run(tree, "run.sh", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (file,) = (tree / "results" / "raw").glob("smoke-*Z.jsonl")
    figures = file.with_suffix("")
    assert done.stdout.splitlines() == [f"run smoke --out {file}", f"report {file} --out {figures}", "",
                                        f"results: {file}", f"figures: {figures}"]


def test_a_failed_smoke_run_is_reported_as_far_as_it_came_and_fails(tree):
    write_tool(tree / "build/release/regatta", 'echo "$@"; [ "$1" != run ] || { echo record >"$4"; exit 1; }')
    done = run(tree, "run.sh")
    assert done.returncode == 1 and "report " in done.stdout
    shutil.rmtree(tree / "results")
    write_tool(tree / "build/release/regatta", 'echo "$@"; exit 2')
    done = run(tree, "run.sh")
    assert done.returncode == 2 and "report " not in done.stdout


def test_the_second_call_does_not_configure_again(tree):
    assert "configuring" in run(tree, "run.sh", "list").stderr
    assert "configuring" not in run(tree, "run.sh", "list").stderr
    presets = tree / "CMakePresets.json"
    later = (tree / "build/release/build.ninja").stat().st_mtime + 10
    os.utime(presets, (later, later))
    assert "configuring" in run(tree, "run.sh", "list").stderr


def test_a_build_that_fails_says_so_and_nothing_runs(tree):
    write_tool(tree / "tools/ninja", "echo 'error: no such thing'; exit 1")
    done = run(tree, "run.sh", "list")
    assert done.returncode == 1 and done.stdout == ""
    assert "no such thing" in done.stderr and "building build/release failed" in done.stderr
    write_tool(tree / "tools/cmake", "echo 'CMake Error: no compiler'; exit 1")
    shutil.rmtree(tree / "build")
    done = run(tree, "run.sh", "list")
    assert done.returncode == 1 and "no compiler" in done.stderr and "configuring" in done.stderr


# Packages

def lacks(tree, *names):
    (tree / "scripts" / "packages.txt").write_text("".join(f"{name}  # a test\n" for name in ("git", *names)))
    write_tool(tree / "tools/dpkg-query", 'shift 3; for name; do [ "$name" != git ] || echo "installed git"; done; exit 1')


def test_only_what_is_missing_is_installed(tree):
    lacks(tree, "first", "second")
    write_tool(tree / "tools/id", "echo 0")
    write_tool(tree / "tools/apt-get", f'echo "$@" >>"{tree}/calls"')
    assert run(tree, "run.sh", "list").returncode == 0
    update, install = (tree / "calls").read_text().splitlines()
    assert update.endswith(" update") and install.endswith(" install first second")
    assert "--no-remove" in install


def test_all_installs_what_other_languages_need_too(tree):
    lacks(tree, "first")
    (tree / "scripts" / "packages_foreign.txt").write_text("second  # a test\n")
    write_tool(tree / "tools/id", "echo 0")
    write_tool(tree / "tools/apt-get", f'echo "$@" >>"{tree}/calls"')
    done = run(tree, "run.sh", "--all", "list")
    assert done.stdout == "list|\n" and (tree / "calls").read_text().endswith(" install first second\n")


def test_all_runs_the_suite_of_all_models(tree):
    write_tool(tree / "build/release/regatta", 'echo "$@"; [ "$1" != run ] || echo record >"$4"')
    done = run(tree, "run.sh", "--all")
    (file,) = (tree / "results" / "raw").glob("models-*Z.jsonl")
    assert done.stdout.startswith(f"run models --out {file}\nreport {file} ")


def test_nothing_is_asked_of_apt_when_nothing_is_missing(tree):
    write_tool(tree / "tools/apt-get", f'touch "{tree}/called"')
    assert run(tree, "run.sh", "list").returncode == 0
    assert not (tree / "called").exists()


def test_sudo_is_used_without_asking(tree):
    lacks(tree, "first")
    write_tool(tree / "tools/id", "echo 1000")
    write_tool(tree / "tools/sudo", f'[ "$1" = -n ] || exit 9; shift; echo "$@" >>"{tree}/calls"; exec "$@"')
    write_tool(tree / "tools/apt-get", "exit 0")
    assert run(tree, "run.sh", "list").returncode == 0
    assert "install first" in (tree / "calls").read_text()


@pytest.mark.parametrize("script", ["run.sh", "test.sh", ".ci/run"])
def test_without_root_one_line_says_what_is_missing(tree, script):
    lacks(tree, "first", "second")
    write_tool(tree / "tools/id", "echo 1000")
    write_tool(tree / "tools/sudo", "echo 'a password is required' >&2; exit 1")
    done = run(tree, script)
    assert done.returncode == 3 and done.stdout == ""
    line = one_line(done.stderr)
    assert "neither root nor sudo" in line and "apt-get install first second" in line


def test_without_network_one_line_more_says_why(tree):
    lacks(tree, "first")
    write_tool(tree / "tools/id", "echo 0")
    write_tool(tree / "tools/apt-get", "echo 'E: Temporary failure resolving somewhere'; exit 100")
    done = run(tree, "run.sh", "list")
    assert done.returncode == 3 and done.stdout == ""
    installing, reason = done.stderr.splitlines()
    assert installing == "regatta: installing first"
    assert "network" in reason and "Temporary failure" in reason and "needed: first" in reason


def test_not_debian_leaves_it_to_the_configuration(tree):
    (tree / "tools/dpkg-query").unlink()
    tools = tree / "tools"
    for name in ("bash", "sh", "dirname", "cat", "mkdir", "sed", "touch", "nproc", "flock", "env", "id", "tr"):
        (tools / name).symlink_to(shutil.which(name))
    done = run(tree, "run.sh", "list", PATH=str(tools))
    assert done.returncode == 0 and done.stdout == "list|\n", done.stderr


# test.sh

@pytest.fixture
def runners(tree):
    """ctest and Python that say what they are asked for."""
    write_tool(tree / "tools/ctest", 'echo "ctest $2"; exit ${CTEST_STATUS:-0}')
    write_tool(tree / "tools/python", '[ "$1" = -c ] || echo "python $* for $REGATTA_BUILD"; '
                                      '[ "$1" = -c ] || exit ${PYTEST_STATUS:-0}')
    return {"REGATTA_PYTHON": str(tree / "tools/python")}


def test_both_runners_run_and_have_the_last_word(tree, runners, tmp_path):
    done = run(tree, "test.sh", cwd=tmp_path, **runners)
    assert done.returncode == 0, done.stderr
    ctest, pytest_line = done.stdout.splitlines()
    assert ctest == f"ctest {tree}/build/release"
    assert "-m pytest" in pytest_line and pytest_line.endswith(f"for {tree}/build/release")
    assert "--ignore-glob=*/test_distributed_*" in pytest_line  # CTest has them


@pytest.mark.parametrize("failing", ["CTEST_STATUS", "PYTEST_STATUS"])
def test_either_failure_fails_and_the_other_still_runs(tree, runners, failing):
    done = run(tree, "test.sh", **runners, **{failing: "8"})
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2


def test_in_ci_warnings_are_errors(tree, runners):
    for script in ("test.sh", ".ci/run"):
        done = run(tree, script, **{**runners, "CI": "true"})
        assert done.returncode == 0 and f"ctest {tree}/build/ci" in done.stdout


def test_what_ci_runs_is_in_ci(tree, runners):
    done = run(tree, ".ci/run", **runners)
    assert done.returncode == 0 and f"ctest {tree}/build/ci" in done.stdout


def wishes(tree, apt_get):
    """Two packages that only tests need and the machine lacks, and an apt-get that notes how it is called."""
    (tree / "scripts" / "packages_tests.txt").write_text("first  # a test\ngit  # a test\n")
    (tree / "scripts" / "packages_foreign.txt").write_text("second  # a test\n")
    write_tool(tree / "tools/dpkg-query", 'shift 3; for name; do case $name in first | second) ;; *) echo "installed $name";; '
                                          f'esac; [ ! -e "{tree}/has $name" ] || echo "installed $name"; done')
    write_tool(tree / "tools/apt-get", f'echo "$@" >>"{tree}/calls"; ' + apt_get)
    write_tool(tree / "tools/id", "echo 0")


def test_ci_installs_what_only_tests_need_in_one_call(tree, runners):
    wishes(tree, f'for each; do touch "{tree}/has $each"; done')
    done = run(tree, "test.sh", **runners)
    assert done.returncode == 0 and not (tree / "calls").exists()
    done = run(tree, "test.sh", **runners, CI="true")
    assert done.returncode == 0 and "skipped" not in done.stderr and "installing first second" in done.stderr
    update, install = (tree / "calls").read_text().splitlines()
    assert update.endswith(" update") and install.endswith(" install first second") and "--no-remove" in install
    assert run(tree, "test.sh", **runners, CI="true").returncode == 0
    assert len((tree / "calls").read_text().splitlines()) == 2


def test_ci_does_without_what_cannot_be_installed(tree, runners):
    wishes(tree, f'for last; do :; done; case "$*" in *first*) exit 100;; esac; touch "{tree}/has $last"')
    done = run(tree, "test.sh", **runners, CI="true")
    assert done.returncode == 0 and f"ctest {tree}/build/ci" in done.stdout
    assert "no first: the tests that need it are skipped" in done.stderr and "no second" not in done.stderr


def test_ci_does_without_root(tree, runners):
    wishes(tree, "exit 100")
    write_tool(tree / "tools/id", "echo 1000")
    write_tool(tree / "tools/sudo", "exit 1")
    done = run(tree, "test.sh", **runners, CI="true")
    assert done.returncode == 0 and "no first: " in done.stderr and "no second: " in done.stderr
    assert not (tree / "calls").exists()


@pytest.mark.parametrize("words", [["asan"], ["--preset", "asan"]])
def test_a_preset_runs_ctest_alone(tree, runners, words):
    done = run(tree, "test.sh", *words, **runners)
    assert done.returncode == 0 and done.stdout == f"ctest {tree}/build/asan\n"


FUZZER = "extern \"C\" int LLVMFuzzerTestOneInput"


def test_fuzzers_run_alone_or_in_ci(tree, runners):
    write_tool(tree / "tools/clang++", f"grep -q '{FUZZER}'")
    done = run(tree, "test.sh", "fuzz", **runners)
    assert done.returncode == 0 and done.stdout == f"ctest {tree}/build/fuzz\n", done.stderr
    done = run(tree, "test.sh", **runners, CI="true")
    assert done.returncode == 0 and f"ctest {tree}/build/ci" in done.stdout and f"ctest {tree}/build/fuzz" in done.stdout
    assert f"{tree}/build/fuzz" not in run(tree, "test.sh", **runners).stdout


def test_without_libfuzzer_ci_says_so_and_fuzz_fails(tree, runners):
    write_tool(tree / "tools/clang++", "exit 1")
    done = run(tree, "test.sh", "fuzz", **runners)
    assert done.returncode == 3 and "install clang" in one_line(done.stderr)
    done = run(tree, "test.sh", **runners, CI="true")
    assert done.returncode == 0 and "no fuzzing" in done.stderr and "build/fuzz" not in done.stdout


@pytest.mark.parametrize("words", [["fast"], ["--preset", "fast"], ["asan", "more"], ["--preset", "asan", "more"]])
def test_unknown_arguments_are_refused(tree, words):
    done = run(tree, "test.sh", *words)
    assert done.returncode == 2 and words[-1] in one_line(done.stderr)


def test_python_is_one_that_has_the_libraries(tree, runners):
    write_tool(tree / "tools/python3", "exit 1")
    for folder in ("harness", "plots"):
        (tree / folder / "tests").mkdir(parents=True)
    (tree / "harness/tests/test_one.py").write_text("def test_one():\n    import matplotlib, numpy\n")
    done = run(tree, "test.sh", REGATTA_PYTHON=str(tree / "tools/none"))
    assert done.returncode == 0 and "1 passed" in done.stdout


# pytest.sh, for CTest

@pytest.mark.parametrize("text, status, says", [
    ("def test_one():\n    pass\n", 0, "1 passed"),
    ("def test_one():\n    assert False\n", 1, "1 failed"),
    ("import pytest\ndef test_one():\n    pytest.skip('no such thing here')\n", 3, "no such thing here"),
    ("import pytest\ndef test_one():\n    pytest.skip('no')\ndef test_two():\n    pass\n", 0, "1 passed, 1 skipped"),
    ("", 1, "no tests ran"),
    ("import no_such_module\n", 1, "no_such_module")])
def test_ctest_is_told_how_tests_in_python_ended(tree, text, status, says):
    file = tree / "test_it.py"
    file.write_text(text)
    done = run(tree, "scripts/pytest.sh", tree, file)
    assert done.returncode == status and says in done.stdout, done.stderr


def test_ctest_is_told_that_no_python_has_what_tests_need(tree):
    (tree / "scripts" / "build.sh").write_text('find_python() { die "$exit_machine_lacks_something" "no Python 3"; }\n')
    done = run(tree, "scripts/pytest.sh", tree, "test_it.py")
    assert done.returncode == 3 and "no Python 3" in one_line(done.stderr)
    assert run(tree, "scripts/pytest.sh", tree / "nowhere", "test_it.py").returncode == 2
