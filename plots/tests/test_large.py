"""A record of 200 MB makes its report within a minute and 2 GiB. Asked for by REGATTA_LARGE_TESTS=1:
it takes as long as it says."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BYTES, SECONDS_MAX, MEMORY_KIB_MAX = 200 * 10**6, 60, 2 * 2**20


def write_large(path: Path) -> None:
    """The reference run over and over, with other workers and rounds, until it is large."""
    lines = (ROOT / "results/reference/smoke.jsonl").read_text().splitlines()
    trials = [json.loads(line) for line in lines[1:-1]]
    copies = 0
    with path.open("w") as file:
        file.write(lines[0] + "\n")
        while file.tell() < BYTES:
            for trial in trials:
                workers = 10 + copies // 6  # six times the rounds, then the next number of workers
                trial["benchmark"] = f"{trial['benchmark'].rpartition(':')[0]}:{workers}"
                trial["params"]["workers"] = workers
                trial["round"] = trial["round"] % 3 + 3 * (copies % 6)
                file.write(json.dumps(trial, separators=(",", ":")) + "\n")
            copies += 1
        file.write(lines[-1] + "\n")


@pytest.mark.skipif(os.environ.get("REGATTA_LARGE_TESTS") != "1", reason="REGATTA_LARGE_TESTS is not 1")
def test_a_large_record_is_reported_in_time_and_memory(tmp_path):
    file = tmp_path / "large.jsonl"
    write_large(file)
    subprocess.run([sys.executable, "-m", "regatta_plots", "report", file, "--out", tmp_path / "out"],
                   cwd=ROOT / "plots", check=True, stdout=subprocess.DEVNULL, timeout=600)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, memory_kib = used.ru_utime + used.ru_stime, used.ru_maxrss  # it has one thread
    print(f"{file.stat().st_size / 1e6:.0f} MB: {seconds:.1f} s of CPU time, {memory_kib / 1024:.0f} MiB; page of "
          f"{(tmp_path / 'out/report.html').stat().st_size / 1e6:.1f} MB")
    assert seconds < SECONDS_MAX and memory_kib < MEMORY_KIB_MAX
