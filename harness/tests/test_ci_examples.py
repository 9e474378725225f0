"""The examples for continuous integration: they are YAML, their commands exist, and what they hand over arrives."""
import os
import re
import subprocess

import pytest
from harness_fixtures import TREE, regatta

yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")

ACTION = TREE / ".github" / "actions" / "regatta-gate" / "action.yml"
GITHUB = TREE / "docs" / "ci" / "github.yml"
GITLAB = TREE / "docs" / "ci" / "gitlab.yml"
PAGE = TREE / "docs" / "ci.md"


def scripts():
    """Every piece of shell in the examples, with the file it is from."""
    for step in yaml.safe_load(ACTION.read_text())["runs"]["steps"]:
        yield ACTION, step["run"]
    for job in yaml.safe_load(GITHUB.read_text())["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                yield GITHUB, step["run"]
    job = yaml.safe_load(GITLAB.read_text())["performance"]
    for part in ("before_script", "script", "after_script"):
        yield GITLAB, "\n".join(job[part])
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL):
        yield PAGE, block
    for line in re.findall(r"`(\./run\.sh [^`]*)`", PAGE.read_text()):
        yield PAGE, line


SCRIPTS = list(scripts())


def commands():
    """The words of each call of regatta: verb, then the rest."""
    for file, text in SCRIPTS:
        for call in re.findall(r"(?:\./run\.sh|regatta) ((?:[^\n|;&]|\|\|)+)", text.replace("\\\n", " ")):
            yield file, call.split("||")[0].split()


def test_there_is_something_to_check():
    assert {file for file, _ in SCRIPTS} == {ACTION, GITHUB, GITLAB, PAGE}
    assert {words[0] for _, words in commands()} >= {"gate", "list", "history", "diff"}


@pytest.mark.parametrize("file, words", list(commands()), ids=lambda value: " ".join(value[:3]) if isinstance(value, list)
                         else value.name)
def test_each_option_exists(file, words):
    help_text = regatta(words[0], "--help")
    assert help_text.returncode == 0, f"{file}: there is no verb {words[0]}"
    known = set(re.findall(r"--[a-z-]+", help_text.stdout))
    asked = {word.split("=")[0] for word in words if word.startswith("--")}
    assert asked <= known, f"{file}: {words[0]} has no {asked - known}"
    forms = [words[i + 1].split("=")[0] for i, word in enumerate(words) if word == "--report"]
    assert all(form in help_text.stdout for form in forms), forms


@pytest.mark.parametrize("file, text", SCRIPTS, ids=[f"{file.name}-{number}" for number, (file, _) in enumerate(SCRIPTS)])
def test_the_shell_parses(file, text):
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
    assert done.returncode == 0, f"{file}: {done.stderr}"


def test_no_token_and_no_upload():
    for file in (ACTION, GITHUB, GITLAB):
        text = file.read_text()
        assert not re.search(r"secrets\.|github\.token|GITHUB_TOKEN|upload-artifact|curl|wget", text), file
    assert yaml.safe_load(GITHUB.read_text())["permissions"] == {"contents": "read"}


def test_outside_text_never_enters_a_script():
    """`${{ inputs.x }}` inside `run` would let a branch name run commands."""
    for file, text in SCRIPTS:
        assert "${{" not in text, f"{file}: {text}"


def test_the_workflow_gives_what_the_action_takes():
    inputs = yaml.safe_load(ACTION.read_text())["inputs"]
    (uses,) = [step for step in yaml.safe_load(GITHUB.read_text())["jobs"]["gate"]["steps"]
               if step.get("uses") == "./.github/actions/regatta-gate"]
    required = {name for name, each in inputs.items() if each.get("required")}
    assert required <= set(uses["with"]) <= set(inputs)


FAKE_RUN = """#!/usr/bin/env bash
printf '%s\\n' "$@" >>calls
[[ $1 != gate ]] || exit ${GATE_STATUS:-0}
"""


def run_action(folder, status="0", **inputs):
    """The steps of the action with a fake run.sh; gives the arguments of the gate, its status, and what it put out."""
    folder.joinpath("run.sh").write_text(FAKE_RUN)
    folder.joinpath("run.sh").chmod(0o755)
    action = yaml.safe_load(ACTION.read_text())
    for step in action["runs"]["steps"]:
        given = {name: str(inputs.get(each.removeprefix("${{ inputs.").removesuffix(" }}").replace("-", "_"), ""))
                 for name, each in step.get("env", {}).items()}
        environment = os.environ | given | {"GITHUB_WORKSPACE": str(folder), "GITHUB_OUTPUT": str(folder / "output"),
                                            "HOME": str(folder), "GATE_STATUS": status}
        done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], cwd=folder,
                              env=environment, capture_output=True, text=True)
    calls = folder.joinpath("calls").read_text()
    return calls.splitlines(), done.returncode, folder.joinpath("output").read_text()


@pytest.mark.parametrize("status", ["0", "1", "3", "4", "5"])
def test_the_action_ends_as_the_gate_does(tmp_path, status):
    _, ended, output = run_action(tmp_path, status, base_ref="main", budget=300, on_inconclusive="pass")
    assert ended == int(status) and output == f"exit-status={status}\n"


def test_the_action_hands_its_inputs_over_whole(tmp_path):
    calls, _, _ = run_action(tmp_path, base_ref="a b;rm -rf $(x)", benchmarks="echo/(asio|uring) .*", budget=60,
                             on_inconclusive="fail")
    gate = calls[calls.index("gate"):]
    assert gate[1] == "echo/(asio|uring) .*"
    assert gate[gate.index("--base-ref") + 1] == "a b;rm -rf $(x)"
    assert gate[gate.index("--budget") + 1] == "60"
    assert gate[gate.index("--on-inconclusive") + 1] == "fail"


def test_no_benchmarks_means_the_gates_own(tmp_path):
    calls, _, _ = run_action(tmp_path, base_ref="main", budget=60, on_inconclusive="pass")
    assert calls[calls.index("gate") + 1] == "--base-ref"


def test_the_page_links_what_is_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text()):
        assert (PAGE.parent / target).exists(), target
