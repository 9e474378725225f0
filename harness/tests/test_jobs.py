"""Jobs: what a run's record says of them, the verb `micro`, and the jobs of every built runtime by the contract."""
import json
import resource
import subprocess

import pytest
from harness_fixtures import (LONG_ENOUGH_S, add_runtime, compared_by_google_benchmark, one_line, read_records, regatta,
                              trials_of)
from test_runtime_contract import PROGRAMS, call, describe

ONE_TASK_MORE = "it counted 9 tasks, 9 of them at once; there must be 10, and 10 at once"
BUILT = {path.name: path for path in PROGRAMS}


@pytest.fixture(params=PROGRAMS, ids=lambda path: path.name)
def program(request):
    return request.param


def needs(program, workload):
    if not describe(program)["workloads"][workload]["supported"]:
        pytest.skip(f"{program.name} lacks the verbs")


def job(program, workload, *words):
    done = call(program, "job", "--workload", workload, "--min-time", "0.01", *words)
    return done, json.loads(done.stdout)


def test_tasks_are_counted_and_what_the_job_samples_is_on_record(tmp_path):
    for behaviour in ["good", "wrong-answer"]:
        add_runtime(tmp_path, behaviour, behaviour)
    out = tmp_path / "out.jsonl"
    done = regatta("run", "spawn_join/(good|wrong-answer)/tasks:10/life:held", "--runtimes", tmp_path, "--out", out,
                   "--rounds", 1)
    assert done.returncode == 1
    [good], [wrong] = (trials_of(out, name) for name in ["good", "wrong-answer"])
    assert good["status"] == "ok", good["reasons"]
    assert good["job"]["tasks_created"] == good["job"]["tasks_live_peak"] == 10
    assert good["job"]["iterations_per_sample"] == 1 and good["job"]["clock_ns"] == 20
    assert good["job"]["samples"]["name"] == "lateness" and good["job"]["samples"]["ns_max"] == 100
    assert good["job"]["samples"]["ns_p50"] is None, "two values are too few"
    assert wrong["status"] == "invalid" and wrong["reasons"] == [ONE_TASK_MORE]


def test_effective_has_every_parameter_of_the_job(program):
    needs(program, "timers")
    done, result = job(program, "timers", "--set", "concurrent=3", "--set", "end=cancel", "--workers", 2)
    assert done.returncode == 0
    chosen = result["effective"]["set"]
    assert (chosen["concurrent"], chosen["end"], result["effective"]["workers"]) == (3, "cancel", 2)
    assert result["tasks_created"] == 6 and result["answer"] == "30"


def test_short_iterations_are_batched_and_it_says_so(program):
    needs(program, "yield")
    _, short = job(program, "yield", "--set", "tasks=1", "--set", "yields=1")
    samples = short["latency"]["count"]
    assert short["iterations"] // short["iterations_per_sample"] == samples
    assert short["latency"]["sum"] * short["iterations_per_sample"] <= short["wall_ns"]
    assert short["clock_ns"] >= 1
    _, long = job(program, "hash", "--set", "blocks=64")
    assert long["iterations_per_sample"] == 1


def test_lateness_is_sampled_for_each_timer(program):
    needs(program, "timers")
    _, result = job(program, "timers", "--set", "concurrent=3", "--set", "rounds=2", "--set", "delay_us=100")
    assert result["samples"]["name"] == "lateness"
    # Six for each measured iteration, and none of the warm-up's.
    assert result["samples"]["histogram"]["count"] == 6 * result["iterations"]


def test_job_is_held_where_all_tasks_wait(program):
    needs(program, "sleepers")
    with subprocess.Popen([program, "job", "--workload", "sleepers", "--set", "tasks=7", "--hold", "1"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        line = json.loads(process.stdout.readline())
        assert line["event"] == "at_rest" and line["effective"]["set"]["tasks"] == 7
        assert process.poll() is None
        rest, _ = process.communicate(timeout=LONG_ENOUGH_S)  # closes its input
        assert rest == "" and process.returncode == 0


@pytest.mark.parametrize("words", [["hash", "--hold", 1], ["sleepers", "--hold", 1, "--workers", 2]],
                         ids=["no such moment", "several workers"])
def test_what_cannot_be_held_is_refused(program, words):
    needs(program, words[0])
    done, line = job(program, *words)
    assert done.returncode == 2 and line["event"] == "error"


def test_too_few_threads_are_told_with_the_limit():
    if "thread" not in BUILT:
        pytest.skip("the runtime thread is not built")

    def little_memory():
        resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))

    for workload in ["spawn_join", "sleepers", "cancel"]:
        done = subprocess.run([BUILT["thread"], "job", "--workload", workload, "--set", "tasks=5000"],
                              capture_output=True, text=True, timeout=LONG_ENOUGH_S, preexec_fn=little_memory)
        error = json.loads(one_line(done.stdout))
        assert done.returncode == 3 and error["event"] == "error", done.stdout + done.stderr
        assert "no more than" in error["reason"] and "tasks at once" in error["reason"]
        assert "kernel.pid_max = " in error["hint"] and "vm.max_map_count = " in error["hint"]


def test_memory_of_waiting_tasks_is_a_slope(tmp_path):
    if "epoll" not in BUILT:
        pytest.skip("the runtime epoll is not built")
    out = tmp_path / "out.jsonl"
    # So many that it is no matter which of the program's own pages, some 2 MB, other tests share with it meanwhile.
    done = regatta("memory", "^sleepers/epoll/.*/buffer:live_1k", "--set", "buffer=live_1k", "--connections",
                   "0,5000,20000", "--rounds", 1, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    records = read_records(out)
    trials = [r for r in records if r["record"] == "memory"]
    assert sorted(t["connections"] for t in trials) == [0, 5000, 20000]
    assert {t["counted"] for t in trials} == {"tasks"}
    [verdict] = [r for r in records if r["record"] == "verdict"]
    assert verdict["counted"] == "tasks" and "KiB per task" in verdict["sentence"]
    # A task that keeps 1 KiB cannot cost less.
    assert verdict["fits"]["user"]["bytes_per_connection"] > 1024


def test_micro_merges_the_reports_of_several_jobs():
    done = regatta("micro", "^(yield|depth)/(epoll|thread)/", "--", "--benchmark_format=json",
                   "--benchmark_min_time=0.01")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    names = [each["name"] for each in report["benchmarks"]]
    assert len(names) >= 4 and any(name.startswith("yield/") for name in names)
    assert report["context"]["caches"] is not None


def test_compare_py_reads_what_micro_writes(tmp_path):
    sides = [tmp_path / "before.json", tmp_path / "after.json"]
    for side in sides:
        done = regatta("micro", "^yield/epoll/", "--", "--benchmark_format=json",
                       "--benchmark_min_time=0.01")
        side.write_text(done.stdout)
    names = {each["name"] for each in json.loads(sides[0].read_text())["benchmarks"]}
    shown = compared_by_google_benchmark(*sides)
    assert names and all(name in shown for name in names), shown


def test_micro_takes_google_benchmarks_filter_alone():
    done = regatta("micro", "--", "--benchmark_filter=^yield/thread/", "--benchmark_min_time=0.01")
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if "/thread/" in line or "/epoll/" in line]
    assert rows and all(row.startswith("yield/thread/") for row in rows), done.stdout


def test_micro_passes_flags_on_and_refuses_what_cannot_work():
    filtered = regatta("micro", "^yield/", "--", "--benchmark_filter=thread", "--benchmark_min_time=0.01")
    assert filtered.returncode == 0
    assert "yield/thread/" in filtered.stdout and "yield/epoll/" not in filtered.stdout
    unknown = regatta("micro", "^yield/thread/", "--", "--benchmrk_format=json")
    assert unknown.returncode == 1 and "--benchmrk_format" in unknown.stderr
    for words in [["^echo/"], ["^yield/", "--", "--benchmark_out=x.json"]]:
        refused = regatta("micro", *words)
        assert refused.returncode == 2 and one_line(refused.stderr)
