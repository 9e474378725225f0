"""What a session does with its connection, on every runtime in Python."""
import dataclasses

from .http_requests import CONTINUE
from .wire import Malformed, Splitter
from .workloads import GatherFailed


@dataclasses.dataclass(slots=True)
class Counters:
    """What the `done` line says; one for each session, so that threads need no lock."""

    accepted: int = 0
    requests: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    errors: int = 0
    cancelled: int = 0

    def add(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


# By these a session ends; anything else is a fault of the program and must be seen.
SESSION_ERRORS = (Malformed, GatherFailed, OSError, EOFError)


async def echo(peer, counts, size):
    try:
        while data := await peer.receive():
            counts.bytes_received += len(data)
            await peer.send(data)
    except SESSION_ERRORS:
        counts.errors += 1
    counts.bytes_sent = counts.bytes_received
    counts.requests = counts.bytes_received // size


async def converse(workload, peer, counts):
    """Answers the requests of one connection, one after the other, until the peer or the workload ends it. Raises
    SESSION_ERRORS."""
    splitter, answer, handle = Splitter(workload.take), workload.answer, getattr(workload, "handle", None)
    last = workload.replies_max
    while data := await peer.receive():
        counts.bytes_received += len(data)
        for request in splitter.feed(data):
            reply = answer(request) if answer else await handle(request, counts)
            await peer.send(reply)
            counts.requests += 1
            counts.bytes_sent += len(reply)
            if counts.requests == last:
                return


async def browse(conversation, peer, counts):
    """A connection of `http`. Raises SESSION_ERRORS."""
    while not conversation.is_over and (data := await peer.receive()):
        counts.bytes_received += len(data)
        for reply in conversation.feed(data):
            await peer.send(reply)
            counts.requests += reply is not CONTINUE
            counts.bytes_sent += len(reply)
    counts.errors += conversation.is_malformed


async def session(workload, request, peer, counts):
    """The whole life of a connection but its closing. `workload` is None for echo."""
    if workload is None:
        await echo(peer, counts, request.values["size"])
        return
    own = workload.new_session()
    try:
        if own.new_conversation is not None:
            await browse(own.new_conversation(), peer, counts)
        elif hasattr(own, "converse"):
            await own.converse(peer, counts)
        else:
            await converse(own, peer, counts)
    except SESSION_ERRORS:
        counts.errors += 1
    finally:
        if own is not workload:
            own.close()
