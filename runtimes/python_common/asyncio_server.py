"""A server on event loops: one loop in a thread of its own for each worker. Under the GIL they take turns."""
import asyncio
import errno
import functools
import threading

from .asyncio_direct import DirectAnswer, DirectEcho, DirectHttp
from .asyncio_peers import ProtocolPeer, StreamPeer, shut_receiving
from .contract import Done
from .latencies import loop_lag
from .sessions import Counters, session
from .workloads import SERVERS

DRAIN_S = 1.0


class Worker:
    """A loop with its listening socket and its sessions. All but __init__ runs on the loop."""

    def __init__(self, request, listener, verbs, api):
        self._request, self._listener, self._verbs = request, listener, verbs
        self._api = api
        self._workload, self._server = None, None
        self._sessions = {}  # of each task its connection
        self._direct = set()  # connections that are answered in callbacks
        self._lags_ns = []
        self.counters, self.notes, self.aborted = Counters(), [], 0

    async def open(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._take_exception)
        if self._request.workload != "echo":
            self._workload = SERVERS[self._request.workload](self._verbs, self._request)
        if self._api == "streams":
            self._server = await asyncio.start_server(self._serve_streams, sock=self._listener, backlog=4096)
        else:
            self._server = await loop.create_server(self._protocol(), sock=self._listener, backlog=4096)
        if self._request.loop_lag_ms:
            self._probe(loop, loop.time())

    def _protocol(self):
        """Makes the protocol of a connection: with callbacks alone where nothing is awaited."""
        shared = (self._direct, self.counters, self._note_accepted)
        if self._workload is None:
            return functools.partial(DirectEcho, self._request.values["size"], *shared)
        if self._workload.new_conversation is not None:
            return functools.partial(DirectHttp, self._workload, *shared)
        if self._workload.answer is not None:
            return functools.partial(DirectAnswer, self._workload, *shared)
        return functools.partial(ProtocolPeer, self._begin)

    def _note_accepted(self):
        self.counters.accepted += 1
        self._lags_ns.clear()  # the time in which connections are opened is left out

    def _serve_streams(self, reader, writer):
        self._begin(StreamPeer(reader, writer))

    def _begin(self, peer):
        task = asyncio.ensure_future(self._serve(peer))
        self._sessions[task] = peer
        task.add_done_callback(self._sessions.pop)
        self._note_accepted()

    async def _serve(self, peer):
        counts = Counters()
        try:
            await session(self._workload, self._request, peer, counts)
            await peer.close()
        except asyncio.CancelledError:
            self.aborted += 1
            peer.transport.abort()
        finally:
            self.counters.add(counts)

    def _take_exception(self, loop, context):
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            note = f"accept: {error.strerror}: connections wait; raise the limit of open files (ulimit -n)"
            if note not in self.notes:
                self.notes.append(note)
        else:
            loop.default_exception_handler(context)

    def _probe(self, loop, due):
        now = loop.time()
        self._lags_ns.append(max(0, int((now - due) * 1e9)))
        due = max(due, now) + self._request.loop_lag_ms / 1e3
        loop.call_at(due, self._probe, loop, due)

    def lags_ns(self):
        return list(self._lags_ns)

    async def close(self):
        """Stops accepting, lets the sessions finish what they owe, and gives up those that do not."""
        before = -1
        while before != self.counters.accepted:  # what clients hold for open is accepted first
            before = self.counters.accepted
            await asyncio.sleep(0.001)
        self._server.close()
        for peer in [*self._sessions.values(), *self._direct]:
            shut_receiving(peer.transport)
        end = asyncio.get_running_loop().time() + DRAIN_S
        while self._direct and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.002)
        self.aborted += len(self._direct)
        for each in list(self._direct):
            each.transport.abort()
        await asyncio.sleep(0)  # their last numbers are counted
        if self._sessions:
            _, late = await asyncio.wait(list(self._sessions), timeout=DRAIN_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)


class AsyncioServer:
    """What `Program.start` gives: serves from the moment it is made."""

    def __init__(self, request, listeners, make_verbs, new_loop=asyncio.new_event_loop):
        self.notes = []
        self._request = request
        api = request.values.get("api", "streams")
        self._workers = []
        for listener in listeners:
            loop = new_loop()
            threading.Thread(target=self._run, args=(loop,), daemon=True).start()
            worker = Worker(request, listener, make_verbs(), api)
            asyncio.run_coroutine_threadsafe(worker.open(), loop).result()
            self._workers.append((worker, loop))

    @staticmethod
    def _run(loop):
        asyncio.set_event_loop(loop)
        loop.run_forever()

    def stop(self):
        ends = [asyncio.run_coroutine_threadsafe(worker.close(), loop) for worker, loop in self._workers]
        total, notes, aborted, lags_ns = Counters(), [], 0, []
        for end, (worker, _) in zip(ends, self._workers):
            lags_ns += worker.lags_ns()
            end.result()
            total.add(worker.counters)
            notes += worker.notes
            aborted += worker.aborted
        counters = {name: getattr(total, name) for name in Counters.__slots__}
        lag = loop_lag(lags_ns, "no probe came back") if self._request.loop_lag_ms else None
        return Done(counters, aborted, notes, lag)
