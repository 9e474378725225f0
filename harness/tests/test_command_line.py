"""The command line: help, errors in one line, exit statuses, list, doctor, selection."""
import json
import re
import subprocess

import pytest
from harness_fixtures import LONG_ENOUGH_S, PROGRAM, TREE, add_runtime, one_line, regatta


def refusal(*words, status=2, **options):
    done = regatta(*words, **options)
    assert done.returncode == status, done.stderr + done.stdout
    assert done.stdout == ""
    return one_line(done.stderr)


def test_help_fits_a_screen_and_teaches():
    verbs = re.findall(r"^  (\w+)  ", regatta("-h").stdout.partition("Subcommands:")[2].partition("Examples:")[0], re.MULTILINE)
    files = [file for file in (TREE / "harness" / "cli").glob("*.cpp") if re.search(r"registered_verb \w+\(", file.read_text())]
    assert sorted(verbs) == sorted(file.stem for file in files) and "run" in verbs
    for words in [["-h"]] + [[verb, "-h"] for verb in verbs]:
        done = regatta(*words)
        assert done.returncode == 0
        lines = done.stdout.splitlines()
        assert len(lines) <= 60 and max(map(len, lines)) <= 110, words
        assert "Examples:" in done.stdout


def test_nothing_asked_is_usage():
    assert regatta().returncode == 2


def test_unknown_verb():
    assert refusal("rnu") == "regatta: unknown verb 'rnu'; did you mean 'run'?"
    assert "the verbs are: " in refusal("zzzzzzzz")


def test_unknown_option():
    assert refusal("list", "--jsn") == "regatta: list: unknown option '--jsn'; did you mean '--json'?"
    assert "see regatta run -h" in refusal("run", "smoke", "--qqqqqqqqqq")
    assert "--bogus" in refusal("--bogus")


def test_bad_option_values():
    assert refusal("run", "smoke", "--rounds", "many") == (
        "regatta: run: --rounds: must be a whole number from 1 to 1000, not 'many'; see regatta run -h")
    assert "not '0'" in refusal("run", "smoke", "--rounds", "0")
    assert "from 0.01 to 3600, not '0'" in refusal("run", "smoke", "--measure", "0")
    assert "from 0 to 9007199254740991, not '-1'" in refusal("run", "smoke", "--seed", "-1")
    assert "write '.*'" in refusal("run", "")
    assert "--placement" in refusal("run", "smoke", "--placement", "near")
    assert "--generator-engine" in refusal("run", "smoke", "--generator-engine", "poll")
    assert "SUITE|FILTER" in refusal("run")
    assert "NAME=VALUE" in refusal("run", "smoke", "--set", "size")
    assert "unexpected 'c'" in refusal("run", "a", "b", "c")


def test_version():
    done = regatta("--version")
    assert done.returncode == 0 and done.stdout.startswith("regatta ")


def test_list_json():
    listed = json.loads(regatta("list", "--json").stdout)
    for item in listed["runtimes"] + listed["workloads"]:
        assert {"name", "available", "reason"} <= item.keys()
        assert item["available"] == (item["reason"] is None)
    echo = next(w for w in listed["workloads"] if w["name"] == "echo")
    size = next(p for p in echo["parameters"] if p["name"] == "size")
    assert size["unit"] == "bytes" and size["min"] == 1 and size["default"] == 64


def test_list_says_what_a_runtime_lacks(tmp_path):
    add_runtime(tmp_path, "poor", "fallback")
    done = regatta("list", "--runtimes", tmp_path)
    assert done.returncode == 0 and "- poor, sails: there is no canvas for more than 2" in done.stdout
    listed = json.loads(regatta("list", "--json", "--runtimes", tmp_path).stdout)["runtimes"]
    assert next(r for r in listed if r["name"] == "poor")["lacks"] == ["sails: there is no canvas for more than 2"]


def test_list_shows_every_kind_of_trouble(tmp_path):
    for behaviour in ["good", "unavailable", "describe-crash", "describe-hang", "describe-rubbish"]:
        add_runtime(tmp_path, behaviour, behaviour)
    add_runtime(tmp_path, "malformed", "", manifest='name = "malformed"\ncommand = [\n')
    add_runtime(tmp_path, "typo", "", manifest='name = "typo"\ncomand = ["x"]\n')
    add_runtime(tmp_path, "shy", "", manifest='name = "shy"\ncommand = ["x"]\nin_suites = "no"\n')
    add_runtime(tmp_path, "absent", "", manifest='name = "absent"\ncommand = ["./absent"]\n')
    add_runtime(tmp_path, "unmet", "", manifest='name = "unmet"\ncommand = ["x"]\n'
                'probe = ["false"]\nneeds = "install a sail"\n')
    add_runtime(tmp_path, "unbuilt", "", manifest='name = "unbuilt"\nunavailable = "no compiler"\n')
    done = regatta("list", "--json", "--runtimes", tmp_path)
    assert done.returncode == 0
    found = {r["name"]: r for r in json.loads(done.stdout)["runtimes"]}
    assert found["good"]["available"]
    assert found["good"]["workloads"]["delay"] == {
        "kind": "server", "supported": False, "reason": "cannot wait"}
    reasons = {name: found[name]["reason"] for name in found}
    assert reasons["unavailable"] == "no wind"
    assert "signal 11 (Segmentation fault)" in reasons["describe-crash"]
    assert "this is where it hurts" in reasons["describe-crash"]
    assert "no description line within" in reasons["describe-hang"]
    assert "Hello, I am a runtime!" in reasons["describe-rubbish"]
    assert "runtime.toml:" in reasons["malformed"]
    assert "runtime.toml:2: unknown key 'comand'" in reasons["typo"]
    assert "runtime.toml:3: 'in_suites' must be true or false" in reasons["shy"]
    assert "No such file" in reasons["absent"]
    assert reasons["unmet"] == "install a sail"
    assert reasons["unbuilt"] == "no compiler"
    table = regatta("list", "--runtimes", tmp_path).stdout
    assert "- good, delay: cannot wait" in table and "- unbuilt: no compiler" in table


def test_runtimes_folder_without_runtimes(tmp_path):
    assert "no runtime.toml" in refusal("list", "--runtimes", tmp_path / "nowhere")


def test_doctor():
    done = regatta("doctor", "--json")
    report = json.loads(done.stdout)
    found = {f["subject"]: f for f in report["findings"]}
    assert {"CPUs", "SMT", "frequency governor", "turbo", "clock source", "CPU mitigations",
            "transparent huge pages", "open files", "pid_max", "threads-max", "ephemeral ports",
            "listen backlog", "TCP congestion control", "io_uring", "hardware counters",
            "load of other programs", "stolen by the hypervisor"} <= found.keys()
    for finding in found.values():
        assert (finding["advice"] is None) == (finding["grade"] == "OK"), finding
    impossible = any(f["grade"] == "impossible" for f in found.values())
    assert done.returncode == (1 if impossible else 0)
    assert "| CPUs" in regatta("doctor").stdout


def test_unknown_workload_runtime_and_parameter(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    here = ["--runtimes", tmp_path]
    line = refusal("run", "ecko/boat", *here)
    assert "did you mean 'echo'?" in line and "cpu_request" in line and "boat" in line
    assert "did you mean 'boat'?" in refusal("run", "echo/baot", *here)
    assert "has no parameter 'siz'; it has: size" in refusal("run", "echo/boat/siz:3", *here)
    assert "size = 0: must be a whole number from 1 to 1048576 (bytes)" in refusal(
        "run", "echo/boat", "--set", "size=0", *here)
    assert "none of these benchmarks has a parameter 'masts'" in refusal(
        "run", "echo/boat", "--set", "masts=3", *here)
    assert "character 6" in refusal("run", "echo/(boat", *here)
    assert refusal("run", "delay/boat", *here, status=1).endswith(
        "boat is left out of delay: cannot wait")


@pytest.mark.parametrize("text, complaint", [
    ("[[benchmark]\nworkload = 'echo'\n", ":1:"),
    ("[[benchmark]]\nworkload = 'ecko'\n", ":2: unknown workload 'ecko'"),
    ("[[benchmark]]\nworkload = 'echo'\n\nparams = { size = 0 }\n", ":4: size = 0"),
    ("[[benchmark]]\nwrokload = 'echo'\n", ":2: unknown key 'wrokload'; the keys are: workload"),
])
def test_malformed_suite(tmp_path, text, complaint):
    suite = tmp_path / "mine.toml"
    suite.write_text(text)
    assert f"{suite}{complaint}" in refusal("run", suite)


def test_missing_suite(tmp_path):
    assert "No such file" in refusal("run", tmp_path / "gone.toml")
    assert "is no suite; the suites are: smoke" in refusal("run", "smok", "echo")


def test_dry_run_prints_names(tmp_path):
    add_runtime(tmp_path, "boat", "good")
    done = regatta("run", "smoke", "/boat/", "--runtimes", tmp_path, "--dry-run")
    assert done.stdout.splitlines() == [
        "echo/boat/size:64/connections:1/workers:1",
        "echo/boat/size:64/connections:50/workers:1",
        "echo/boat/size:64/connections:500/workers:1",
        "hash/boat/block_bytes:24576/blocks:1/workers:1"]
    assert "note: boat is left out of delay: cannot wait\n" in done.stderr


def test_suites_leave_out_what_asks_for_it_unless_it_is_given(tmp_path):
    """A runtime of one's own is in the suites, a copy of one of the tree's that are not included."""
    add_runtime(tmp_path, "boat", "good")
    add_runtime(tmp_path, "copy", "good")
    with (tmp_path / "copy" / "runtime.toml").open("a") as manifest:
        manifest.write("in_suites = false\n")

    def boats(*words):
        names = regatta("run", *words, "--runtimes", tmp_path, "--dry-run").stdout.split()
        return {name.split("/")[1] for name in names}

    kept_out = {folder.parent.name for folder in TREE.glob("runtimes/*/runtime.toml")}
    in_smoke = boats("smoke")
    assert {"boat", "copy"} <= in_smoke and not in_smoke & kept_out
    able = {r["name"] for r in json.loads(regatta("list", "--json").stdout)["runtimes"]
            if r["workloads"]["echo"]["supported"] and not r["reference_only"]}
    assert kept_out & able <= boats("^echo/.*")
    (line,) = [line for line in regatta("list").stdout.splitlines() if "suites leave out what they do not name" in line]
    assert set(line.removeprefix("- ").split(":")[0].split(", ")) == kept_out - {"template"}


def test_full_output_is_told():
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "list"], stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=LONG_ENOUGH_S)
    assert done.returncode == 1
    assert "cannot write" in one_line(done.stderr)
