"""Each workload once, as coroutines over the verbs of a runtime: `sleep`, `with_deadline`, `gather`, `both`, `connect`, `offload`,
`compute`, `semaphore`, `queue`. On a runtime that blocks, these never suspend.

A workload has `take`, which cuts the next request out of what was received (wire.Splitter), and either `answer(request)` or
`async handle(request, counts)`, which give the reply's bytes; or `async converse(peer, counts)`, which is the whole session.
`http` has a conversation for each connection instead.
"""
import collections
import math
import os
import time

from . import wire
from .http_requests import new_conversations


class GatherFailed(Exception):
    """A child of `gather` failed; `cancelled` others were stopped for that."""

    def __init__(self, cancelled):
        super().__init__("a sub-request failed")
        self.cancelled = cancelled


class Workload:
    take = staticmethod(wire.take_nonce)
    answer = None  # a function, where nothing is awaited
    new_conversation = None  # a function, where there are no frames
    replies_max = None  # a number, where a connection is closed after so many

    def __init__(self, runtime, request):
        self.runtime, self.values, self.request = runtime, request.values, request

    def new_session(self):
        """The workload as one session sees it: itself, unless sessions have something of their own."""
        return self

    def close(self):
        """Ends what a session had of its own."""

    def seconds(self, name):
        return self.values[name] / 1e6


class Rpc(Workload):
    take = staticmethod(wire.take_frame)

    def answer(self, payload):
        return wire.framed(payload.translate(wire.INVERTED))


class Http(Workload):
    def __init__(self, runtime, request):
        super().__init__(runtime, request)
        self.new_conversation = new_conversations(self.values["body_bytes"])


class Idle(Workload):
    def answer(self, nonce):
        return wire.framed_number(nonce ^ wire.MASK)


class Churn(Idle):
    def __init__(self, runtime, request):
        super().__init__(runtime, request)
        self.replies_max = self.values["requests"]


class Stream(Workload):
    PERIOD = 61

    def __init__(self, runtime, request):
        super().__init__(runtime, request)
        self._bytes, direction = self.values["chunk_bytes"], self.values["direction"]
        self._request_bytes = 8 if direction == "down" else self._bytes
        self._noise = None if direction == "up" else wire.noise(self._bytes + self.PERIOD, 0xD0)

    def take(self, data, at):
        end = at + self._request_bytes
        return (bytes(data[at:end]), end) if end <= len(data) else None

    def answer(self, chunk):
        digest = wire.digest(chunk)
        if self._noise is None:
            return digest.to_bytes(8, "little")
        begin = digest % self.PERIOD
        return self._noise[begin:begin + self._bytes]


class File(Workload):
    """Its file is in the page cache alone. A read blocks, so it is offloaded as every runtime does."""

    BYTES = 4 << 20

    def __init__(self, runtime, request):
        super().__init__(runtime, request)
        self._file = os.fdopen(os.memfd_create("regatta_file"), "wb", buffering=0)
        rest = memoryview(wire.noise(self.BYTES, 0xF11E))
        while rest:
            rest = rest[self._file.write(rest):]

    async def handle(self, nonce, _counts):
        length = self.values["read_bytes"]
        at = nonce % (self.BYTES - length + 1)
        return wire.framed(await self.runtime.offload(os.pread, self._file.fileno(), length, at))


class Delay(Workload):
    async def handle(self, nonce, _counts):
        await self.runtime.sleep(self.seconds("delay_us"))
        return wire.framed_number(nonce ^ wire.MASK)


class Chain(Workload):
    async def handle(self, nonce, _counts):
        for _ in range(self.values["waits"]):
            await self.runtime.sleep(self.seconds("delay_us"))
            nonce = wire.after_wait(nonce)
        return wire.framed_number(nonce)


class Tail(Workload):
    async def handle(self, nonce, _counts):
        if nonce % 100 == 0:
            await self.runtime.sleep(self.seconds("slow_us"))
        return wire.framed_number(nonce ^ wire.MASK)


class Deadline(Workload):
    async def handle(self, nonce, counts):
        is_late = wire.place_of(nonce) < self.values["late_percent"]
        work = self.runtime.sleep(60.0 if is_late else self.seconds("delay_us"))
        try:
            await self.runtime.with_deadline(self.seconds("deadline_us"), work)
        except TimeoutError:
            counts.cancelled += 1
            return wire.framed_number(nonce)
        return wire.framed_number(nonce ^ wire.MASK)


class CpuRequest(Workload):
    async def handle(self, nonce, _counts):
        rounds = self.values["cpu_ns"] * self.request.rounds_per_us // 1000
        return wire.framed_number(await self.runtime.compute(wire.burn, nonce, rounds))


class Service(Workload):
    def _service_ns(self, nonce):
        rank, mean = wire.place_of(nonce), self.values["mean_ns"]
        if self.values["distribution"] == "exponential":
            return int(-mean * math.log1p(-(rank + 0.5) / 100))
        if self.values["distribution"] == "bimodal":
            return int(mean * (0.5 if rank < 90 else 5.5))
        return mean

    async def handle(self, nonce, _counts):
        rounds = self._service_ns(nonce) * self.request.rounds_per_us // 1000
        return wire.framed_number(await self.runtime.compute(wire.burn, nonce, rounds))


def block(nonce, seconds):
    """A call that blocks its thread and leaves the GIL to others, like one that waits for a file or another server."""
    time.sleep(seconds)
    return nonce ^ wire.MASK


class Mixed(Workload):
    async def handle(self, nonce, _counts):
        if nonce & 1 == 0:
            return wire.framed_numbers(nonce, nonce ^ wire.MASK)
        if self.values["work"] == "block":
            work = block, nonce, self.seconds("cpu_us")
        else:
            work = wire.burn, nonce, self.values["cpu_us"] * self.request.rounds_per_us
        if self.values["heavy"] == "inline":
            function, *arguments = work
            return wire.framed_numbers(nonce, function(*arguments))
        return wire.framed_numbers(nonce, await self.runtime.offload(*work))


class Overload(Workload):
    def __init__(self, runtime, request):
        super().__init__(runtime, request)
        self._slots = runtime.semaphore(self.values["slots"])
        self._places = self.values["slots"] + self.values["queue"]
        self._present = runtime.tally()

    def _enters(self):
        """Whether there is a place for one more, which is then taken."""
        if self._present.add(1) <= self._places or self.values["policy"] == "queue":
            return True
        self._present.add(-1)
        return False

    def _leave(self):
        self._present.add(-1)

    async def _serve(self):
        """Waits for a slot and for the service, and gives the place back."""
        try:
            await self._slots.acquire()
            try:
                await self.runtime.sleep(self.seconds("service_us"))
            finally:
                self._slots.release()
        finally:
            self._leave()

    async def handle(self, nonce, _counts):
        if not self._enters():
            return wire.framed_number(nonce)
        await self._serve()
        return wire.framed_number(nonce ^ wire.MASK)


_REFUSED, _END = object(), object()  # in a line: a request that found no place, and that no more will come


class _Line:
    """The requests of one connection that wait, and how many had a place and have left it to be served."""

    def __init__(self, requests):
        self.requests, self.entered, self.left = requests, 0, 0


class Backlog(Overload):
    """Requests are read as they come and wait in a queue of their connection, which a task of its own serves."""
    take = staticmethod(wire.take_frame)

    async def converse(self, peer, counts):
        line, sent = _Line(self.runtime.queue()), type(counts)()
        try:
            await self.runtime.both(self._take_all(line, peer, counts), self._answer_all(line, peer, sent))
        finally:
            for _ in range(line.entered - line.left):
                self._leave()
            counts.add(sent)

    async def _take_all(self, line, peer, counts):
        splitter = wire.Splitter(self.take)
        try:
            while data := await peer.receive():
                counts.bytes_received += len(data)
                for payload in splitter.feed(data):
                    has_place = self._enters()
                    line.entered += has_place
                    line.requests.put_nowait(payload if has_place else _REFUSED)
        finally:
            line.requests.put_nowait(_END)

    async def _answer_all(self, line, peer, sent):
        while (payload := await line.requests.get()) is not _END:
            reply = wire.framed(b"")
            if payload is not _REFUSED:
                line.left += 1
                await self._serve()
                reply = wire.framed(payload.translate(wire.INVERTED))
            await peer.send(reply)
            sent.requests += 1
            sent.bytes_sent += len(reply)


class Link:
    """A connection to the backend, opened when it is first needed and closed by a failure: its next reply would be an old
    one."""

    def __init__(self, runtime, port):
        self._runtime, self._port, self.peer = runtime, port, None

    async def open(self):
        if self.peer is None:
            self.peer = await self._runtime.connect(self._port)

    async def ask(self, frame):
        try:
            await self.open()
            await self.peer.send(frame)
            return wire.number_of(await self.peer.receive_exactly(wire.FRAMED_BYTES))
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.peer is not None:
            self.peer.abort()
            self.peer = None


class FanOut(Workload):
    def __init__(self, runtime, request):
        super().__init__(runtime, request)
        self._groups = self.values["width"] if self.values["levels"] == 2 else 1
        self._links = [Link(runtime, request.backend_port) for _ in range(self.values["width"] * self._groups)]

    def new_session(self):
        return FanOut(self.runtime, self.request)

    def close(self):
        for link in self._links:
            link.close()

    async def handle(self, nonce, counts):
        fails = wire.place_of(nonce) < self.values["fail_percent"]
        frames = [wire.framed_number(nonce + i & wire.MASK) for i in range(len(self._links))]
        if fails:
            frames[0] = wire.framed(b"")  # the backend closes the connection
        try:
            answers = await self.runtime.gather(self._links, frames, self._groups)
        except GatherFailed as failure:
            if not fails:
                raise
            counts.cancelled += failure.cancelled
            return wire.framed_number(nonce)
        return wire.framed_number(sum(answers) & wire.MASK)


class Pool(Workload):
    def __init__(self, runtime, request):
        super().__init__(runtime, request)
        self._places = runtime.semaphore(self.values["pool_size"] + self.values["overflow"])
        self._free = collections.deque(self._new_link() for _ in range(self.values["pool_size"]))

    def _new_link(self):
        return Link(self.runtime, self.request.backend_port)

    async def handle(self, nonce, _counts):
        await self._places.acquire()
        try:
            return wire.framed_number(await self._ask(wire.framed_number(nonce)))
        finally:
            self._places.release()

    async def _ask(self, frame):
        """Over one of the pool, or where all are taken over one for this request alone."""
        try:
            link = self._free.popleft()
        except IndexError:
            link = self._new_link()
            try:
                return await link.ask(frame)
            finally:
                link.close()
        try:
            return await link.ask(frame)
        finally:
            self._free.append(link)


SERVERS = {"rpc": Rpc, "http": Http, "idle": Idle, "delay": Delay, "chain": Chain, "tail": Tail, "deadline": Deadline,
           "cpu_request": CpuRequest, "mixed": Mixed, "overload": Overload, "fan_out": FanOut, "pool": Pool,
           "churn": Churn, "stream": Stream, "file": File, "service": Service,
           "backlog": Backlog}
