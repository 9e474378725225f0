"""Each workload once, as coroutines over the verbs of a runtime: `sleep`, `with_deadline`, `gather`, `connect`, `offload`,
`compute`, `semaphore`, `queue`. On a runtime that blocks, these never suspend.

A workload has `take`, which cuts the next request out of what was received (wire.Splitter), and either `answer(request)` or
`async handle(request, counts)`, which give the reply's bytes.
"""
import collections

from . import wire
from .http_requests import Replies, take_request


class GatherFailed(Exception):
    """A child of `gather` failed; `cancelled` others were stopped for that."""

    def __init__(self, cancelled):
        super().__init__("a sub-request failed")
        self.cancelled = cancelled


class Workload:
    take = staticmethod(wire.take_nonce)
    answer = None  # a function, where nothing is awaited

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
    take = staticmethod(take_request)

    def __init__(self, runtime, request):
        super().__init__(runtime, request)
        self._replies = Replies(self.values["body_bytes"])

    def answer(self, asked):
        return self._replies.reply(*asked)


class Idle(Workload):
    def answer(self, nonce):
        return wire.framed_number(nonce ^ wire.MASK)


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


class Mixed(Workload):
    async def handle(self, nonce, _counts):
        if nonce & 1 == 0:
            return wire.framed_numbers(nonce, nonce ^ wire.MASK)
        rounds = self.values["cpu_us"] * self.request.rounds_per_us
        if self.values["heavy"] == "inline":
            return wire.framed_numbers(nonce, wire.burn(nonce, rounds))
        return wire.framed_numbers(nonce, await self.runtime.offload(wire.burn, nonce, rounds))


class Overload(Workload):
    def __init__(self, runtime, request):
        super().__init__(runtime, request)
        self._slots = runtime.semaphore(self.values["slots"])
        self._places = self.values["slots"] + self.values["queue"]
        self._present = runtime.tally()

    async def handle(self, nonce, _counts):
        has_place = self._present.add(1) <= self._places
        try:
            if not has_place and self.values["policy"] == "shed":
                return wire.framed_number(nonce)
            await self._slots.acquire()
            try:
                await self.runtime.sleep(self.seconds("service_us"))
            finally:
                self._slots.release()
        finally:
            self._present.add(-1)
        return wire.framed_number(nonce ^ wire.MASK)


class Link:
    """A connection to the backend, opened when it is first needed and closed by a failure: its next reply would be an old
    one."""

    def __init__(self, runtime, port):
        self._runtime, self._port, self.peer = runtime, port, None

    async def ask(self, frame):
        try:
            if self.peer is None:
                self.peer = await self._runtime.connect(self._port)
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
           "cpu_request": CpuRequest, "mixed": Mixed, "overload": Overload, "fan_out": FanOut, "pool": Pool}
