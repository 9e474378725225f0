"""`mixed` with work:block: a call that blocks its thread holds up the others where a loop makes it, and only there."""
import contextlib
import json
import select
import struct
import subprocess
import time

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, RUNTIMES
from test_foreign_runtimes import connect, named, serving, stop

ALL_BITS = 2**64 - 1
LIGHT, HEAVY = 2, 3  # nonces: the odd one is heavy
LOOPS = [name for name in RUNTIMES if name not in ("thread", "null")]
BLOCK_US = 200_000
# One is enough, unless the server sees the second request first, or nobody gets a turn for as long as the call blocks.
ATTEMPTS = 10


@contextlib.contextmanager
def ours(name, *words):
    process = subprocess.Popen([BUILD / "runtimes" / name / name, "serve", *words], text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def server(name, heavy):
    words = ["mixed", "--set", "work=block", "--set", f"cpu_us={BLOCK_US}", "--set", f"heavy={heavy}"]
    return ours(name, "--workload", *words) if name in RUNTIMES else serving(named(name), *words)


def ask(peer, nonce):
    peer.sendall(struct.pack("<IQ", 8, nonce))


def answer(peer, nonce):
    reply = b""
    while len(reply) < 20:
        piece = peer.recv(20 - len(reply))
        assert piece
        reply += piece
    assert reply == struct.pack("<IQQ", 16, nonce, nonce ^ ALL_BITS)


def is_first_answered_first(first, second):
    """A heavy request on one connection, then a light one on another: whether the first has its reply when one has."""
    begin = time.monotonic()
    ask(first, HEAVY)
    time.sleep(0.01)
    ask(second, LIGHT)
    ready, _, _ = select.select([first, second], [], [], LONG_ENOUGH_S)
    answer(second, LIGHT)
    answer(first, HEAVY)
    assert time.monotonic() - begin > 0.99 * BLOCK_US / 1e6
    return first in ready


def is_ever(wanted, name, heavy):
    with server(name, heavy) as (process, ready), connect(ready) as first, connect(ready) as second:
        for peer in (first, second):  # both sessions run
            ask(peer, LIGHT)
            answer(peer, LIGHT)
        is_seen = any(is_first_answered_first(first, second) == wanted for _ in range(ATTEMPTS))
        for peer in (first, second):
            peer.close()
        assert stop(process)["counters"]["errors"] == 0
    return is_seen


@pytest.mark.parametrize("name", [*LOOPS, "python_asyncio", "python_uvloop", "python_processes", "node_net"])
def test_in_the_handler_of_a_loop_it_holds_up_the_others(name):
    assert is_ever(True, name, "inline")


@pytest.mark.parametrize("name, heavy", [
    *((name, "offload") for name in [*LOOPS, "python_asyncio", "python_uvloop", "python_processes", "node_net"]),
    *((name, heavy) for name in ("thread", "python_threads", "go_net") for heavy in ("inline", "offload"))])
def test_elsewhere_it_does_not(name, heavy):
    assert is_ever(False, name, heavy)
