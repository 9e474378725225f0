"""The verbs of the workloads on an event loop (asyncio's own, or uvloop's)."""
import asyncio

from .asyncio_peers import StreamPeer
from .workloads import GatherFailed


class Tally:
    """A number that sessions change; on a loop nobody interrupts."""

    def __init__(self):
        self._value = 0

    def add(self, change):
        self._value += change
        return self._value


class AsyncioVerbs:
    sleep = staticmethod(asyncio.sleep)
    semaphore = staticmethod(asyncio.Semaphore)
    queue = staticmethod(asyncio.Queue)
    tally = Tally

    def __init__(self, executor=None, computes_in_executor=False):
        """`executor`: where `offload` runs; None: the loop's threads, as asyncio.to_thread."""
        self._executor, self._computes_in_executor = executor, computes_in_executor

    async def with_deadline(self, seconds, work):
        async with asyncio.timeout(seconds):
            await work

    async def gather(self, links, frames):
        """Asks all at once; the first failure cancels the rest."""
        asked = [asyncio.ensure_future(link.ask(frame)) for link, frame in zip(links, frames)]
        try:
            return await asyncio.gather(*asked)
        except (OSError, EOFError):
            for each in asked:
                each.cancel()
            ends = await asyncio.gather(*asked, return_exceptions=True)
            raise GatherFailed(sum(isinstance(end, asyncio.CancelledError) for end in ends)) from None

    async def both(self, *works):
        """Two coroutines at once; goes on when both have ended, and raises what one of them raised."""
        for end in await asyncio.gather(*works, return_exceptions=True):
            if end is not None:
                raise end

    async def connect(self, port):
        return StreamPeer(*await asyncio.open_connection("127.0.0.1", port))

    def offload(self, function, *arguments):
        return asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)

    async def compute(self, function, *arguments):
        if self._computes_in_executor:
            return await self.offload(function, *arguments)
        return function(*arguments)
