"""Workloads of the runtimes in other languages, where `verify` cannot look: who is refused, what is shared, what is stopped.
The backend is the test's own; nothing depends on how long anything takes."""
import json
import queue
import socket
import struct
import threading

import pytest
from harness_fixtures import LONG_ENOUGH_S, start_server, wait_until

MASK = 2**64 - 1
NAMES = ["python_asyncio", "python_asyncio api=protocol", "python_uvloop", "python_threads", "go_net", "node_net"]


@pytest.fixture(params=NAMES)
def serve(request):
    """Starts a server: serve(workload, name=value, ...), `backend_port` among them."""
    started = []
    name, *own = request.param.split()

    def start(workload, backend_port=None, **settings):
        words = [] if backend_port is None else ["--backend-port", str(backend_port)]
        for setting in [*own, *(f"{key}={value}" for key, value in settings.items())]:
            words += ["--set", setting]
        started.append(start_server(name, workload, *words))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def connect(process):
    return socket.create_connection(("127.0.0.1", process.port), LONG_ENOUGH_S)


def ask(peer, nonce):
    peer.sendall(struct.pack("<IQ", 8, nonce))


def receive_exactly(peer, count):
    got = b""
    while len(got) < count:
        part = peer.recv(count - len(got))
        if not part:
            raise EOFError
        got += part
    return got


def reply(peer):
    length, number = struct.unpack("<IQ", receive_exactly(peer, 12))
    assert length == 8
    return number


def stop(process):
    """What the `done` line says."""
    out, errors = process.communicate(timeout=LONG_ENOUGH_S)  # the end of its standard input
    assert process.returncode == 0 and not errors, errors
    return json.loads(out.splitlines()[-1])


class Backend:
    """Accepts connections; what arrives over one goes into `asked` as (connection, payload), payload None at its end."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.asked, self.accepted = queue.Queue(), []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        try:
            while True:
                peer, _ = self._listener.accept()
                self.accepted.append(peer)
                threading.Thread(target=self._read, args=(peer,), daemon=True).start()
        except OSError:
            pass  # closed at the end of the test

    def _read(self, peer):
        try:
            while True:
                (length,) = struct.unpack("<I", receive_exactly(peer, 4))
                self.asked.put((peer, receive_exactly(peer, length)))
        except (EOFError, OSError):
            self.asked.put((peer, None))

    def take(self, count):
        return [self.asked.get(timeout=LONG_ENOUGH_S) for _ in range(count)]

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self.accepted:
            peer.close()


@pytest.fixture
def backend():
    made = Backend()
    yield made
    made.close()


def answer(peer, payload):
    (nonce,) = struct.unpack("<Q", payload)
    peer.sendall(struct.pack("<IQ", 8, nonce ^ MASK))


def test_overload_refuses_who_finds_no_place(serve):
    """One is served and two wait for longer than the test takes: all others are refused."""
    clients, places = 20, 3
    process = serve("overload", policy="shed", slots=1, queue=places - 1, service_us=60_000_000)
    peers = [connect(process) for _ in range(clients)]
    refused = queue.Queue()

    def wait_for_refusal(nonce, peer):
        try:
            refused.put((nonce, reply(peer)))
        except (EOFError, OSError):
            pass  # it had a place, and the test is over

    for nonce, peer in enumerate(peers):
        threading.Thread(target=wait_for_refusal, args=(nonce, peer), daemon=True).start()
        ask(peer, nonce)
    for _ in range(clients - places):
        nonce, got = refused.get(timeout=LONG_ENOUGH_S)
        assert got == nonce
    out = stop(process)  # gives up those that had a place
    assert out["counters"]["requests"] == clients - places and out["aborted_sessions"] == places
    for peer in peers:
        peer.close()
    assert refused.empty()


def test_overload_refuses_nobody_where_all_wait_in_a_queue(serve):
    process = serve("overload", policy="queue", slots=1, queue=0, service_us=1000)
    peers = [connect(process) for _ in range(10)]
    for nonce, peer in enumerate(peers):
        ask(peer, nonce)
    assert [reply(peer) for peer in peers] == [nonce ^ MASK for nonce in range(10)]
    for peer in peers:
        peer.close()
    assert stop(process)["counters"]["requests"] == 10


def test_pool_shares_its_connections(serve, backend):
    process = serve("pool", backend.port, pool_size=2)
    peers = [connect(process) for _ in range(20)]
    for nonce, peer in enumerate(peers):
        ask(peer, nonce)
    for _ in range(len(peers) // 2):
        asked = backend.take(2)
        assert backend.asked.empty() and asked[0][0] is not asked[1][0]  # the others wait for these two
        for each in asked:
            answer(*each)
    assert [reply(peer) for peer in peers] == [nonce ^ MASK for nonce in range(20)]
    assert len(backend.accepted) == 2
    for peer in peers:
        peer.close()
    assert stop(process)["counters"]["requests"] == 20


def test_pool_goes_on_after_its_connections_were_lost(serve, backend):
    process = serve("pool", backend.port, pool_size=1)
    with connect(process) as unlucky:
        ask(unlucky, 1)
        ((link, _),) = backend.take(1)
        link.shutdown(socket.SHUT_RDWR)
        assert unlucky.recv(1) == b""  # its session fails
    with connect(process) as other:
        ask(other, 2)
        wait_until(lambda: (each := backend.take(1)[0])[1] is not None and (answer(*each), True))
        assert reply(other) == 2 ^ MASK
    counters = stop(process)["counters"]
    assert (counters["requests"], counters["errors"]) == (1, 1)


def test_fan_out_asks_all_at_once(serve, backend):
    process = serve("fan_out", backend.port, width=4)
    with connect(process) as peer:
        for nonce in (100, 200):
            ask(peer, nonce)
            asked = backend.take(4)
            assert sorted(struct.unpack("<Q", payload)[0] for _, payload in asked) == [nonce + i for i in range(4)]
            for each in asked:
                answer(*each)
            assert reply(peer) == sum((nonce + i) ^ MASK for i in range(4)) & MASK
    assert len(backend.accepted) == 4
    assert stop(process)["counters"]["cancelled"] == 0


def test_fan_out_stops_the_others_when_one_fails(serve, backend):
    process = serve("fan_out", backend.port, width=4, fail_percent=100)
    with connect(process) as peer:
        for nonce in (7, 8):
            ask(peer, nonce)
            asked = backend.take(4)
            (failing,) = [link for link, payload in asked if payload == b""]
            failing.shutdown(socket.SHUT_RDWR)
            assert reply(peer) == nonce
            assert [payload for _, payload in backend.take(4)] == [None] * 4  # all are closed
    counters = stop(process)["counters"]
    assert (counters["requests"], counters["cancelled"], counters["errors"]) == (2, 6, 0)


def test_deadline_stops_what_is_late_and_counts_it(serve):
    process = serve("deadline", delay_us=1000, deadline_us=50_000, late_percent=100)
    with connect(process) as peer:
        for nonce in range(5):
            ask(peer, nonce)
            assert reply(peer) == nonce
    counters = stop(process)["counters"]
    assert (counters["requests"], counters["cancelled"]) == (5, 5)


def test_deadline_that_does_not_come_stops_nothing(serve):
    process = serve("deadline", delay_us=1000, deadline_us=60_000_000, late_percent=0)
    with connect(process) as peer:
        for nonce in range(5):
            ask(peer, nonce)
            assert reply(peer) == nonce ^ MASK
    assert stop(process)["counters"]["cancelled"] == 0
