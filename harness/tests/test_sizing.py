"""The model of harness/distributed/SIZING.md against what is measured here: memory for each connection."""
import json
import pathlib
import re
import resource
import socket
import subprocess
import threading

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, TREE

FEW, MANY = 500, 3000


class Host:
    """Accepts connections and keeps them."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.accepted = []
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()
        return self

    def accept(self):
        try:
            while True:
                self.accepted.append(self.listener.accept()[0])
        except OSError:
            return

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for each in (self.listener, *self.accepted):
            each.close()


def anonymous_bytes(pid):
    # Pages of the program's file count as private only as long as no other process runs it.
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous: +(\d+) kB", text, re.MULTILINE).group(1)) * 1024


def generator_bytes(connections, engine):
    """Anonymous memory of a generator whose connections are open and idle."""
    with Host() as host:
        plan = {"workload": "echo", "port": host.listener.getsockname()[1], "connections": connections, "engine": engine,
                "measure_ns": 1, "connect_ns": LONG_ENOUGH_S * 10**9}
        with subprocess.Popen([BUILD / "regatta-load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
            load.stdin.write(json.dumps(plan) + "\n")
            load.stdin.flush()
            said = json.loads(load.stdout.readline())
            assert said["event"] == "connected", said
            used = anonymous_bytes(load.pid)
            load.stdin.close()
            load.wait(timeout=LONG_ENOUGH_S)
    return used


def constant(name):
    header = (TREE / "harness" / "measure" / "connection_budget.hpp").read_text()
    return int(re.search(rf"{name} = ([\d']+);", header).group(1).replace("'", ""))


@pytest.mark.parametrize("engine", ["io_uring", "epoll"])
def test_a_generators_memory_is_as_the_model_says(engine):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < MANY + 200:
        pytest.skip(f"the limit of open files is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        slope = (generator_bytes(MANY, engine) - generator_bytes(FEW, engine)) / (MANY - FEW)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # Vectors grow by doubling, so a slope over two counts can be off by that.
    assert constant("generator_bytes_per_connection") / 2 <= slope <= constant("generator_bytes_per_connection") * 2, slope


def slopes_of(record, part):
    """Bytes a connection, of each memory verdict of a reference record."""
    records = map(json.loads, (TREE / "results" / "reference" / record).read_text().splitlines())
    return [r["fits"][part]["bytes_per_connection"] for r in records if r["record"] == "verdict" and r["fits"][part]]


@pytest.mark.parametrize("record", ["memory.jsonl", "many_connections.jsonl"])
def test_the_kernels_memory_is_as_the_reference_records_say(record):
    slopes = slopes_of(record, "sockets")
    assert slopes
    for slope in slopes:
        assert slope == pytest.approx(constant("socket_bytes_per_connection"), rel=0.05)


def test_the_text_has_the_figures_of_the_record_of_very_many_connections():
    text = " ".join((TREE / "harness" / "distributed" / "SIZING.md").read_text().split())
    (server,), (sockets,) = (slopes_of("many_connections.jsonl", part) for part in ("server", "sockets"))
    written = text[text.index("With 100,000 connections from six generators"):]
    assert f"{server / 1024:.2f} (" in written and f"{sockets / 1024:.2f} ±" in written
    # The model's u of uring_multishot, from another record with a twentieth of the connections.
    assert server / 1024 == pytest.approx(float(re.search(r"\| u \| ([\d.]+) KiB \(epoll, uring_multishot\)", text)[1]), rel=0.1)
