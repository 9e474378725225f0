"""Runs the program on three network namespaces as hosts (three_hosts.py), and reads what it left."""
import json
import os
import shutil
import subprocess
import sys

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, PROGRAM, TREE, add_runtime, trials_of

SCRIPT = TREE / "harness" / "tests" / "three_hosts.py"
# What unshare makes: root of its own where we are not, and processes that end with it.
UNSHARE = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net", "--mount", "--uts", "--pid", "--fork",
           "--mount-proc", "--kill-child"]


def obstacle():
    if not (BUILD / "regatta-load-mpi").exists():
        return "built without Open MPI"
    if not all(map(shutil.which, ["mpirun", "ip", "nsenter", "unshare"])):
        return "mpirun, ip, nsenter or unshare is not installed"
    probe = subprocess.run([*UNSHARE, "sh", "-c", "ip link add br0 type bridge && unshare --net true"],
                           capture_output=True, text=True)
    return None if probe.returncode == 0 else f"no namespaces here: {probe.stderr.strip()}"


OBSTACLE = obstacle()
needs_three_hosts = pytest.mark.skipif(OBSTACLE is not None, reason=str(OBSTACLE))


class Outcome:
    def __init__(self, said, folder):
        self.__dict__.update(said)
        self.folder = folder

    def trial(self):
        """The last: those before it were repeated, for the machine was unsteady."""
        return trials_of(self.folder / "out.jsonl")[-1]

    def shards(self):
        """(first line, result or None) of every shard of that trial, in the order of the ranks."""
        found = []
        for file in sorted((self.folder / "out.shards").glob(f"trial-{self.trial()['trial']}.*.jsonl")):
            first, *rest = map(json.loads, file.read_text().splitlines())
            found.append((first, rest[0]["result"] if rest else None))
        return found


def three_hosts(folder, *words, start=(), what=("echo/boat/size:77",), address=("--server-address", "10.77.0.1"),
                hosts="# who loads\nh1 slots=1\nh2\n", **settings):
    """Runs `regatta run` of `what` on h0 with words added, the load from `hosts`; `start`: a command that is given all that and
    runs it."""
    add_runtime(folder / "fleet", "boat", "good")
    folder.joinpath("hosts").write_text(hosts)
    command = [*start, PROGRAM, "run", *what, "--runtimes", folder / "fleet", "--rounds", "1", "--connections", "8",
               "--hosts", folder / "hosts", *address, "--out", folder / "out.jsonl", *words]
    done = subprocess.run([*UNSHARE, sys.executable, str(SCRIPT), str(folder / "net"), json.dumps(settings), *map(str, command)],
                          capture_output=True, text=True, timeout=LONG_ENOUGH_S, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return Outcome(json.loads(done.stdout.splitlines()[-1]), folder)
