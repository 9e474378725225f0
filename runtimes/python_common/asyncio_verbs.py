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

    async def gather(self, links, frames, groups):
        """Asks all at once, in one group or in `groups` of a group; the first failure cancels the rest."""
        asked = []

        def ask(links, frames):
            tasks = [asyncio.ensure_future(link.ask(frame)) for link, frame in zip(links, frames)]
            asked.extend(tasks)
            return tasks

        async def ask_part(begin, end):
            return await asyncio.gather(*ask(links[begin:end], frames[begin:end]))

        size = len(links) // groups
        children = (ask(links, frames) if groups == 1 else
                    [asyncio.ensure_future(ask_part(begin, begin + size)) for begin in range(0, len(links), size)])
        try:
            answers = await asyncio.gather(*children)
        except (OSError, EOFError):
            for each in (*children, *asked):
                each.cancel()
            await asyncio.gather(*children, *asked, return_exceptions=True)
            raise GatherFailed(sum(each.cancelled() for each in asked)) from None
        return answers if groups == 1 else [each for part in answers for each in part]

    async def connect(self, port):
        return StreamPeer(*await asyncio.open_connection("127.0.0.1", port))

    def offload(self, function, *arguments):
        return asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)

    async def compute(self, function, *arguments):
        if self._computes_in_executor:
            return await self.offload(function, *arguments)
        return function(*arguments)
