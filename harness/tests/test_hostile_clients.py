"""Servers under random bytes, half-open connections and slow senders: they go on serving the others, and hold little."""
import contextlib
import json
import os
import pathlib
import random
import select
import socket
import struct
import time

import pytest
from harness_fixtures import LONG_ENOUGH_S, RUNTIMES, start_server

HOSTILE = 40
# Far above what a hundred connections need, far below what they send.
GROWTH_BYTES_MAX = 64 << 20

GOOD = {"http": (b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", b'{"id":1,'),
        "rpc": (struct.pack("<I", 4) + b"\x00\x01\x02\x03", b"\xff\xfe\xfd\xfc"),
        "delay": (struct.pack("<IQ", 8, 5), struct.pack("<Q", 5 ^ (2**64 - 1)))}
# Begun, and never ended.
HALF = {"http": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
        "rpc": struct.pack("<I", 16 << 20), "delay": struct.pack("<I", 8)}


IN_OTHER_LANGUAGES = ["python_asyncio", "python_asyncio api=protocol", "python_uvloop", "python_threads", "python_uvicorn",
                      "go_net", "node_net"]


@pytest.fixture(params=[(runtime, workload) for runtime in [*RUNTIMES, *IN_OTHER_LANGUAGES] for workload in GOOD
                        if runtime != "null" and (runtime != "python_uvicorn" or workload == "http")],
                ids="/".join)
def server(request):
    runtime, workload = request.param
    name, *settings = runtime.split()
    process = start_server(name, workload, *[word for setting in settings for word in ("--set", setting)])
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def resident_bytes(process):
    return int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def connect(process):
    return socket.create_connection(("127.0.0.1", process.port), LONG_ENOUGH_S)


def expect_service(process, peer):
    sent, wanted = GOOD[process.workload]
    peer.sendall(sent)
    got = b""
    while wanted not in got:
        part = peer.recv(4096)
        assert part, "the server closed the connection of a client that did nothing wrong"
        got += part


def send_anyhow(peer, data):
    """Sends what the server still takes: it may close on bytes that make no sense."""
    try:
        peer.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def test_the_others_are_served(server):
    chance = random.Random(1)
    with connect(server) as good:
        expect_service(server, good)
        before = resident_bytes(server)
        slow = [connect(server) for _ in range(HOSTILE)]
        half = [connect(server) for _ in range(HOSTILE)]
        for peer in half:
            peer.sendall(HALF[server.workload])
        request = GOOD[server.workload][0]
        for position in range(len(request) - 1):
            for peer in slow:
                peer.sendall(request[position:position + 1])
            with connect(server) as noisy:
                send_anyhow(noisy, chance.randbytes(chance.randrange(1, 200_000)))
            expect_service(server, good)
        for peer in half:
            send_anyhow(peer, bytes(100_000))
        expect_service(server, good)
        # The slow ones are answered too once they are through.
        for peer in slow:
            peer.sendall(request[-1:])
            assert peer.recv(1)
        assert resident_bytes(server) - before < GROWTH_BYTES_MAX
        for peer in slow + half:
            peer.close()
        expect_service(server, good)
    out, errors = server.communicate(timeout=LONG_ENOUGH_S)
    assert server.returncode == 0, errors
    counters = json.loads(out.splitlines()[-1])["counters"]
    assert counters["requests"] >= HOSTILE + 2


UNREAD = [(runtime, "rpc") for runtime in [*RUNTIMES, *IN_OTHER_LANGUAGES] if runtime not in ("null", "python_uvicorn")]


@pytest.mark.parametrize("server", UNREAD, indirect=True, ids="/".join)
def test_clients_that_send_and_never_read_take_bounded_memory(server):
    before = resident_bytes(server)
    request = GOOD[server.workload][0] * 2_000
    with connect(server) as good:
        peers = [connect(server) for _ in range(8)]
        for peer in peers:
            peer.setblocking(False)
        left = dict.fromkeys(peers, request)
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline and resident_bytes(server) - before < GROWTH_BYTES_MAX:
            for peer in select.select([], peers, [], 0.05)[1]:
                with contextlib.suppress(BlockingIOError):
                    left[peer] = left[peer][peer.send(left[peer]):] or request
        assert resident_bytes(server) - before < GROWTH_BYTES_MAX
        expect_service(server, good)
        for peer in peers:
            peer.close()
        expect_service(server, good)
