"""The floor of echo over loopback, and the runtimes beside it: the comparison works, whatever its figures."""
import subprocess

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, read_records

PROGRAM = BUILD / "micro" / "loopback_floor"


def run(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=LONG_ENOUGH_S,
                          stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_floor_and_runtimes_are_measured_in_the_same_rounds(tmp_path, transport):
    file = tmp_path / "record.jsonl"
    done = run("--runtimes", "epoll,uring", "--rounds", 4, "--measure", 0.05, "--connections", "1,30", "--size", 1000,
               "--transport", transport, "--out", file)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = read_records(file)
    assert record["record"] == "micro" and record["program"] == "loopback_floor" and record["size_bytes"] == 1000
    assert record["transport"] == transport
    assert [cell["connections"] for cell in record["cells"]] == [1, 30]
    for cell in record["cells"]:
        assert [each["runtime"] for each in cell["runtimes"]] == ["epoll", "uring"]
        for name in ("throughput_per_s", "server_cpu_ns_per_op", "client_cpu_ns_per_op"):
            assert len(cell[f"floor_{name}"]) == 4 and min(cell[f"floor_{name}"]) > 0
        for each in cell["runtimes"]:
            low, high = each["floor_share_interval"]
            assert 0 < low <= each["floor_share"] <= high
    assert done.stdout.count("| floor ") == 2 and str(file) in done.stdout


@pytest.mark.parametrize("words, complaint", [(["--runtimes", "none"], "there is no runtime 'none'"),
                                              (["--size", "0"], "--size"), (["--rounds", "3"], "--rounds"),
                                              (["--transport", "udp"], "--transport")])
def test_bad_options(words, complaint):
    done = run(*words)
    assert done.returncode == 2 and complaint in done.stdout + done.stderr
