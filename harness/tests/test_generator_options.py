"""Options of the generator on the command line: its threads, and the hook that makes it slow."""
import pytest
from harness_fixtures import SHORT, add_runtime, regatta, trials_of


def run(folder, *words, lengths=SHORT):
    out = folder / "out.jsonl"
    add_runtime(folder, "boat", "good")
    done = regatta("run", "echo/boat/size:77", "--runtimes", folder, "--out", out, "--force", *lengths, *words)
    return done, trials_of(out) if out.exists() else None


@pytest.mark.parametrize("asked, used", [(2, 2), (99, 4)])
def test_threads_are_recorded(tmp_path, asked, used):
    done, (trial,) = run(tmp_path, "--generator-threads", asked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert trial["status"] == "ok" and trial["generator"]["threads"] == used
    assert trial["client"]["connections"] == 4
    assert trial["latency"]["count"] == sum(i["replies"] for i in trial["intervals"])


def test_threads_out_of_range_are_refused(tmp_path):
    done, _ = run(tmp_path, "--generator-threads", 0)
    assert done.returncode == 2 and "--generator-threads" in done.stderr


def test_a_slow_generator_gets_the_verdict(tmp_path):
    # 20 ms for each request leave the generator no moment to spare and any server idle, whatever else the machine does.
    done, trials = run(tmp_path, "--generator-slow-ns", 20_000_000,
                       lengths=["--rounds", 1, "--measure", 1, "--warmup", 0.1, "--connections", 4])
    trial = trials[-1]
    assert trial["status"] != "failed", trial["reasons"]
    assert trial["metrics"]["throughput_per_s"] <= 50 + 4 / (trial["measured_ns"] / 1e9)
    wanted = "machine-shared" if trial["placement"]["shared"] else "generator-bound"
    if trial["generator"]["waiting_mean"] is None and trial["generator"]["cpu_share"] < 0.95:
        pytest.skip("other programs had the generator's CPU, and this kernel does not count the wait for it")
    if (trial["steal_share"] or 0) > 0.02:
        pytest.skip("the hypervisor kept the generator's CPU back")
    assert trial["saturation"] == wanted, trial["generator"]
